import type { Hex } from '../hash/bytes.ts';
import type { PatientMessage } from '../wire/messages.ts';
import type { Database } from './database.ts';

/** What a consensus node has taken of patients, whatever became of it. */
export interface TakenMessages {
  /** One message once; but what a batch refused waits anew, under a new id. */
  addMessage(digest: Hex, message: PatientMessage): 'new' | 'known';
  /** The same for what may be asked for again in the same words once it was done. */
  addAgain(digest: Hex, message: PatientMessage): 'new' | 'known';
  /**
   * Whether it is on its way to the chain. What a batch refused, or another message overtook, is not: whoever brings it
   * again hears from the chain what became of it.
   */
  hasMessage(digest: Hex): boolean;
  /** Her opening that was taken here and not refused by the chain. */
  openingOf(patientId: Hex): PatientMessage | undefined;
}

export function takenMessages(db: Database): TakenMessages {
  /** The id of the former one names its transaction: it stays, under another digest. */
  const release = (digest: Hex, state: 'applied' | 'refused'): void => {
    db.run(
      "UPDATE patient_message SET digest = digest || ' ' || id WHERE digest = ? AND state = ?",
      digest,
      state,
    );
  };
  const addMessage: TakenMessages['addMessage'] = (digest, message) => {
    release(digest, 'refused');
    return db.run(
      "INSERT OR IGNORE INTO patient_message (digest, entry, state) VALUES (?,?,'waiting')",
      digest,
      JSON.stringify(message),
    ) === 1
      ? 'new'
      : 'known';
  };
  return {
    addMessage,
    addAgain(digest, message) {
      release(digest, 'applied');
      return addMessage(digest, message);
    },
    hasMessage: (digest) =>
      db.get(
        "SELECT 1 FROM patient_message WHERE digest = ? AND state IN ('waiting', 'submitted')",
        digest,
      ) !== undefined,
    openingOf: (patientId) => {
      const row = db.get(
        "SELECT entry FROM patient_message WHERE json_extract(entry, '$.patientId') = ? AND json_extract(entry, '$.kind') = 1 AND state <> 'refused' LIMIT 1",
        patientId,
      );
      return row && (JSON.parse(String(row['entry'])) as PatientMessage); // written by addMessage
    },
  };
}
