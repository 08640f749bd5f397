import { createRegistry, type DescMessage, equals, type MessageShape } from "@bufbuild/protobuf";

const NO_EXTENSIONS = createRegistry();

/** Equal in every field, also those that this vtdoctor does not know. */
export const sameRecord = <Desc extends DescMessage>(
  schema: Desc,
  one: MessageShape<Desc>,
  other: MessageShape<Desc>,
): boolean => equals(schema, one, other, { registry: NO_EXTENSIONS, unknown: true });
