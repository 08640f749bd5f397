import { isIP } from "node:net";
import { Channel, type ChannelCredentials, type ChannelOptions, credentials } from "@grpc/grpc-js";
import { type Outcome, unanswered } from "../cluster/outcome.js";
import { bareHost } from "./address.js";
import type { TabletTls } from "./options.js";

/** 16 MiB, Vitess's `--grpc-max-message-size` (`topology-and-wire.md` 7.1). */
const MAX_MESSAGE_BYTES = 16 << 20;

/**
 * One channel per address. Questions to one tablet share it; beyond `idleLimit` channels without a call the oldest is closed, so
 * that a scan of 10,000 tablets does not keep 10,000 connections. A channel on which a tablet was not reached is closed at once: the
 * library would answer the next calls from its back-off (up to two minutes) without dialling.
 */
export class GrpcChannels {
  readonly #credentials: ChannelCredentials;
  readonly #options: ChannelOptions;
  readonly #idleLimit: number;
  readonly #open = new Map<string, Open>();
  #closed = false;

  constructor(tls: TabletTls | null, idleLimit: number) {
    this.#credentials = channelCredentials(tls);
    this.#options = { ...CHANNEL_OPTIONS, ...serverNameOptions(tls) };
    this.#idleLimit = idleLimit;
  }

  async use<T>(address: string, call: (channel: Channel) => Promise<Outcome<T>>): Promise<Outcome<T>> {
    if (this.#closed) return unanswered("failed", "not asked: this end was closed");
    const open = this.#take(address);
    const outcome = await call(open.channel);
    open.calls -= 1;
    if (outcome.kind === "unanswered" && outcome.reason === "unreachable") this.#drop(address, open);
    if (open.calls === 0 && this.#open.get(address) !== open) open.channel.close();
    this.#closeOldest();
    return outcome;
  }

  /** Calls in flight end at their deadline; calls that still wait for their turn are not made. */
  close(): void {
    this.#closed = true;
    for (const { channel } of this.#open.values()) channel.close();
    this.#open.clear();
  }

  /** The map keeps the order of last use. */
  #take(address: string): Open {
    const open = this.#open.get(address) ?? {
      channel: new Channel(targetOf(address), this.#credentials, this.#options),
      calls: 0,
    };
    this.#open.delete(address);
    this.#open.set(address, open);
    open.calls += 1;
    return open;
  }

  #drop(address: string, open: Open): void {
    if (this.#open.get(address) === open) this.#open.delete(address);
  }

  #closeOldest(): void {
    let excess = this.#open.size - this.#idleLimit;
    for (const [address, { channel, calls }] of this.#open) {
      if (excess <= 0) return;
      excess -= 1;
      if (calls > 0) continue;
      this.#open.delete(address);
      channel.close();
    }
  }
}

interface Open {
  readonly channel: Channel;
  calls: number;
}

/** An IP address needs no resolver, of which the library would start one for each channel. */
function targetOf(address: string): string {
  const family = isIP(bareHost(address.slice(0, address.lastIndexOf(":"))));
  return family === 0 ? address : `ipv${family}:${address}`;
}

const CHANNEL_OPTIONS: ChannelOptions = {
  // Statistics of each channel for a debugging service that vtdoctor does not have.
  "grpc.enable_channelz": 0,
  "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
  "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  // A write is never sent twice behind our back.
  "grpc.enable_retries": 0,
  // A shared pool would hand a new channel the old one's broken connection and its back-off.
  "grpc.use_local_subchannel_pool": 1,
  "grpc.service_config_disable_resolution": 1,
  // Tablets are dialled as the topology names them, like Vitess's own components do.
  "grpc.enable_http_proxy": 0,
};

function channelCredentials(tls: TabletTls | null): ChannelCredentials {
  const pair = tls?.cert !== undefined && tls.key !== undefined;
  if (tls === null || (tls.ca === undefined && !pair)) return credentials.createInsecure();
  return credentials.createSsl(
    tls.ca ?? null,
    pair ? (tls.key ?? null) : null,
    pair ? (tls.cert ?? null) : null,
  );
}

const serverNameOptions = (tls: TabletTls | null): ChannelOptions =>
  tls?.serverName === undefined ? {} : { "grpc.ssl_target_name_override": tls.serverName };
