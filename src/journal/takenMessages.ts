import type { Hex } from '../hash/bytes.ts';
import type { PatientMessage } from '../wire/messages.ts';
import type { Database } from './database.ts';

/** What a consensus node has taken of patients, whatever became of it. */
export interface TakenMessages {
  hasMessage(digest: Hex): boolean;
  /** Her opening that was taken here and not refused by the chain. */
  openingOf(patientId: Hex): PatientMessage | undefined;
}

export const takenMessages = (db: Database): TakenMessages => ({
  hasMessage: (digest) =>
    db.get('SELECT 1 FROM patient_message WHERE digest = ?', digest) !== undefined,
  openingOf: (patientId) => {
    const row = db.get(
      "SELECT entry FROM patient_message WHERE json_extract(entry, '$.patientId') = ? AND json_extract(entry, '$.kind') = 1 AND state <> 'refused' LIMIT 1",
      patientId,
    );
    return row && (JSON.parse(String(row['entry'])) as PatientMessage); // written by addMessage
  },
});
