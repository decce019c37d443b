import type {
  Clock,
  Directory,
  Handle,
  Outbox,
  Randomness,
  SeenIds,
  Self,
  Transport,
} from './ports.ts';

/** What a courier is made of. */
export interface CourierComponents {
  readonly self: Self;
  readonly directory: Directory;
  readonly transport: Transport;
  readonly outbox: Outbox;
  readonly seen: SeenIds;
  readonly clock: Clock;
  readonly random: Randomness;
  readonly handle: Handle;
  /** Told of what was not taken, for logs and alarms: code and facts only, never content. */
  readonly onRefused?: (error: unknown) => void;
}
