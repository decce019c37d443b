import type { KemKeyPair, KemPublicKey } from '../crypto/hpkeSealing.ts';
import type { Hex } from '../hash/bytes.ts';

/** What the courier needs to know of another node, from the node registry. */
export interface Peer {
  readonly nodeId: Hex;
  /** Account of the signing key, and its epoch. */
  readonly signingAccount: Hex;
  readonly keyEpoch: number;
  readonly kemPublicKey: KemPublicKey;
  readonly kemKeyEpoch: number;
  /** `https://host[:port][/path]`; in process any name. */
  readonly endpoint: string;
  /** SHA-256 of the SubjectPublicKeyInfo of its TLS key. */
  readonly tlsKeyHash: Hex;
  readonly suspended: boolean;
}

export interface Directory {
  /** The node as the own chain has it now, or undefined when it is not admitted. */
  peer(nodeId: Hex): Promise<Peer | undefined> | Peer | undefined;
}

/** This node, as far as the courier speaks for it. */
export interface Self {
  readonly federationId: Hex;
  readonly networkId: Hex;
  readonly chainId: bigint;
  readonly nodeId: Hex;
  /** Epoch of the signing key that `sign` uses. */
  readonly keyEpoch: number;
  /** Signs a 32-byte digest: 65 bytes. */
  sign(digest: Uint8Array): Hex;
  /** The KEM key pair of an epoch, retired ones too, or undefined when there is none. */
  kemKeyPair(epoch: number): KemKeyPair | undefined;
}

/** Carries one frame to a peer and brings its answer. */
export interface Transport {
  /** @throws an error with `retryable` when the peer could not be reached; rejects when `signal` aborts. */
  exchange(peer: Peer, frame: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
}

export interface Clock {
  /** Milliseconds, for back-off only. */
  now(): number;
  /** Time of the newest block of the own chain, in seconds: the only time that messages are judged by. */
  chainTime(): number;
}

/** A message that waits until its recipient has acknowledged it. */
export interface OutboxEntry {
  readonly correlationId: Hex;
  readonly recipient: Hex;
  readonly messageType: number;
  /** The signed part of the envelope, unpadded and unsealed: secret at rest. */
  readonly envelope: Uint8Array;
  /** Sendings that failed. */
  readonly attempts: number;
  /** Not to be sent before, in milliseconds of `Clock.now`. */
  readonly nextAt: number;
}

/**
 * The durable outbox. Calls are synchronous, so that `add` may be part of the caller's own transaction; each is durable
 * when it returns or when that transaction is.
 */
export interface Outbox {
  add(entry: OutboxEntry): void;
  /** The entries to be sent by `now`, oldest first, at most `limit`. */
  due(now: number, limit: number): readonly OutboxEntry[];
  /** The recipient has it: the entry goes. */
  acknowledged(correlationId: Hex): void;
  /** It stays and waits; `reason` is an error code, for operators. */
  failed(correlationId: Hex, attempts: number, nextAt: number, reason: string): void;
  /** It ends undelivered and stays visible; `reason` is the recipient's code, or `MessageExpired`. */
  refused(correlationId: Hex, reason: string): void;
}

/** Ids of messages that were taken, kept until their expiry has passed. Durable, as `Outbox`. */
export interface SeenIds {
  /** What was answered to a message taken before, or undefined when it is new. */
  find(correlationId: Hex, sender: Hex): { readonly answer?: Uint8Array } | undefined;
  /** `expiry` in seconds of chain time; `answer` is given again to a copy of the message. */
  remember(correlationId: Hex, sender: Hex, expiry: number, answer?: Uint8Array): 'new' | 'seen';
}

/** A message as its handler gets it: sender and content are proved, and it was not taken before. */
export interface IncomingMessage {
  readonly sender: Hex;
  /** One of `MessageType`. */
  readonly type: number;
  readonly correlationId: Hex;
  readonly term: number;
  readonly expiry: number;
  readonly body: Uint8Array;
  /**
   * Marks the message as taken. Call it inside the transaction that keeps the message's effect: then neither is without
   * the other after a crash. Who does not call it is marked after `handle` returns, and must bear a second call.
   * `answer` is what `handle` will return.
   */
  remember(answer?: Uint8Array): void;
}

/**
 * Takes a message; the bytes it returns go back as the answer of a request. Throwing refuses it: an error that is
 * not retryable ends the message at its sender with the error's code, any other lets the sender try again.
 */
export type Handle = (message: IncomingMessage) => Promise<Uint8Array | undefined>;
