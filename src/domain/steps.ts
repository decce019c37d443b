/**
 * Every step at which a process may be stopped: roles call `reached(step)` around each transaction, send and broadcast.
 * In production it does nothing; tests stop a node there.
 */
export const STEPS = [
  'recording: sealed',
  'recording: request sent',
  'recording: list queued',
  'holding: answered',
  'holding: delivery stored',
  'holding: content pinned',
  'holding: settled',
  'erasing: tombstone written',
  'erasing: content gone',
  'erasing: receipt signed',
  'reading: logged',
  'reading: anchor noted',
  'reading: anchored',
  'consensus: patients submitted',
  'consensus: seal prepared',
  'consensus: delta queued',
  'consensus: seal sent',
  'consensus: seal applied',
  'consensus: deliveries queued',
  'consensus: receipts sent',
] as const;

export type Step = (typeof STEPS)[number];
export type Reached = (step: Step) => void | Promise<void>;
