import type { Random } from '../domain/random.ts';
import type { AllowedSuites } from '../wire/kemSuite.ts';
import type { Clock, Directory, Handle, Outbox, SeenIds, Self, Transport } from './ports.ts';

/** What a courier is made of. */
export interface CourierComponents {
  readonly self: Self;
  readonly directory: Directory;
  readonly transport: Transport;
  readonly outbox: Outbox;
  readonly seen: SeenIds;
  readonly clock: Clock;
  readonly random: Random;
  readonly handle: Handle;
  /** The KEM suites the network allows; hybrid alone by default. */
  readonly allowedSuites?: AllowedSuites;
  /** Told of frames and messages that were not taken, handlers' own faults included, for logs and alarms. */
  readonly onRefused?: (error: unknown) => void;
}
