import type { EdgeEvent } from '../../chain/edgeEvents.ts';
import { kemKeyHash } from '../../crypto/derivations.ts';
import { kemPublicKeyOf } from '../../crypto/hpkeSealing.ts';
import { fromHex, type Hex, toHex, uint } from '../../hash/bytes.ts';
import { labelledHash } from '../../hash/labelled.ts';
import type { AccountNotice } from '../../wire/inboxMessages.ts';
import type { Components } from '../components.ts';
import { preparedNotice } from './sendNotice.ts';

/** Her hospitals tell a patient what the chain shows of her account, so that she can veto in time what she did not sign. */

/** Notes a change of a patient of this node, in the transaction that reads it from the chain; `sendAccountNotices` tells. */
export function noteAccountChange(c: Components, event: EdgeEvent): void {
  const told = noticeOf(event);
  if (told === undefined || c.holding.patient(told.patientId) === undefined) return;
  const { patientId, matter, text } = told;
  const { key, hash } = c.inbox.key(patientId);
  // A change of the key itself is told to the one before: who changed it would tell nobody.
  const isKnown =
    key !== undefined && (event.name === 'InboxKeySet' || kemKeyHash(kemPublicKeyOf(key)) === hash);
  if (!isKnown) return;
  const place = uint(event.logIndex, 4);
  const id = toHex(labelledHash('account-notice', fromHex(event.transactionHash, 32), place));
  const notice: AccountNotice = { kind: 'account', at: event.time, matter, text };
  c.inbox.addDue({ id, patientId, key, notice });
}

interface Told {
  readonly patientId: Hex;
  readonly matter: string;
  readonly text: string;
}

function noticeOf(event: EdgeEvent): Told | undefined {
  switch (event.name) {
    case 'ChangePending': {
      const { patientId, kind, authority, effectiveFrom } = event.args;
      const from = timeText(effectiveFrom);
      const text =
        kind === OTHER_GUARDIANS
          ? `Other guardians of your account are to count from ${from}. Veto it if you did not ask for it.`
          : `The account ${authority} is to sign for you from ${from}. Veto it if you did not ask for it.`;
      return { patientId, matter: 'change-pending', text };
    }
    case 'ChangeDropped': {
      const text = 'The change of your account that was pending will not happen.';
      return { patientId: event.args.patientId, matter: 'change-dropped', text };
    }
    case 'FreezeSet': {
      const text = `Your guardians froze your account until ${timeText(event.args.until)}.`;
      return { patientId: event.args.patientId, matter: 'frozen', text };
    }
    case 'AuthoritySet': {
      const { patientId, authority } = event.args;
      return {
        patientId,
        matter: 'authority',
        text: `The account ${authority} signs for you now.`,
      };
    }
    case 'GuardiansSet': {
      const text = 'The guardians of your account were set.';
      return { patientId: event.args.patientId, matter: 'guardians', text };
    }
    case 'InboxKeySet': {
      const text = 'What is meant for you alone is sealed to another key from now on.';
      return { patientId: event.args.patientId, matter: 'inbox-key', text };
    }
    default:
      return undefined;
  }
}

/** Kind of a `ChangePending`. */
const OTHER_GUARDIANS = 3n;

const timeText = (seconds: bigint): string => new Date(Number(seconds) * 1000).toISOString();

/** Notices of one step. */
const MOST = 50;

/** Seals what was noted and puts it into the inbox here: each of her hospitals does. */
export async function sendAccountNotices(c: Components): Promise<number> {
  const due = c.inbox.due(MOST);
  for (const { id, patientId, key, notice } of due) {
    const inboxes = { key, nodes: [c.self.nodeId] };
    const send = await preparedNotice(c, patientId, id, inboxes, notice);
    c.db.transaction(() => {
      send();
      c.inbox.dropDue(id, patientId);
    });
  }
  return due.length;
}
