import type { Inventory } from "./inventory.js";
import type { AddressOverride } from "./inventory-schema.js";
import type { Witness } from "./witness.js";

/** The witness with the address at which the operator says its alias is reached from here (NAT, port-forwards). */
export function withOverride(witness: Witness, inventory: Inventory): Witness {
  const override: AddressOverride | undefined =
    witness.alias !== null && Object.hasOwn(inventory.overrides, witness.alias)
      ? inventory.overrides[witness.alias]
      : undefined;
  if (override === undefined) return witness;
  return {
    ...witness,
    at: {
      host: override.host ?? witness.at.host,
      grpcPort: override.grpc ?? witness.at.grpcPort,
      httpPort: override.http ?? witness.at.httpPort,
      mysqlHost: override.host ?? witness.at.mysqlHost,
      mysqlPort: override.mysql ?? witness.at.mysqlPort,
    },
  };
}
