import type { Components } from '../components.ts';
import { requireRecovered, requireSigned, sealedAnswer } from '../holding/giveRecovery.ts';
import { CarelatticeError } from '../../errors.ts';

/**
 * Type 19, at a consensus node: the relation list that stands on chain, as she signed it, and the heads of her sealed
 * records. Her keys it never had.
 * @throws `Unauthorized`, `NotRecovered`, `MessageNotForRole`
 */
export async function giveRelations(c: Components, body: Uint8Array): Promise<Uint8Array> {
  const question = requireSigned(c, body);
  const { patientId, wish } = question;
  requireRecovered(c, patientId);
  if (wish !== 'package') {
    throw new CarelatticeError('MessageNotForRole', 'a consensus node holds no records');
  }
  const { seq = 0, digest } = c.seen.relations(patientId) ?? {};
  const relations = digest === undefined ? [] : c.consensus.relationsMessage(digest)?.relations;
  const handles = c.consensus.entry(patientId)?.handles ?? [];
  return sealedAnswer(c, question, {
    patientId,
    seq,
    ...(relations === undefined ? {} : { relations }),
    scopes: [],
    presenceEpoch: 0,
    histories: handles.map(({ handle, count, historyHead }) => ({ handle, count, historyHead })),
  });
}
