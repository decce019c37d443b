import type { IncomingMessage } from '../courier/ports.ts';
import type { Components } from './components.ts';

/** What a node does: it steps along with the chain, takes messages of nodes, and answers patients' clients. */
export interface Role {
  /** One step of everything that is due; says how much was done, so that a caller knows when all is quiet. */
  tick(): Promise<number>;
  /** A message of another node, proved by the courier. */
  handle(message: IncomingMessage): Promise<Uint8Array | undefined>;
  /** A question of a patient's client: type and body as the client door opened them. */
  ask(type: number, body: Uint8Array): Promise<Uint8Array>;
}

/** Keeps what a message brings and the mark that it was taken, in one transaction: a crash leaves both or neither. */
export function takeMarked(
  { db }: Pick<Components, 'db'>,
  message: IncomingMessage,
  take: () => void,
): undefined {
  db.transaction(() => {
    take();
    message.remember();
  });
}
