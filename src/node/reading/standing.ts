import type { BlockAt } from '../../chain/blocks.ts';
import { CONSENT_STATE, type ConsentStatus } from '../../domain/consentRules.ts';
import { CarelatticeError } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import type { Components } from '../components.ts';
import type { Access, Standing } from './access.ts';

/** What this node's own chain says of a consent or guardianship at a block. */
export async function statusAt(
  c: Pick<Components, 'contracts'>,
  { signer, digest, epoch }: Standing,
  at: BlockAt,
): Promise<ConsentStatus> {
  const [state, grantedAt] = await c.contracts.consents.call(
    'statusOf',
    [signer, digest, epoch],
    at,
  );
  return { state: Number(state), grantedAt };
}

/** Whether a node answers for a patient's records: while she is enrolled there. */
export const isServed = ({ holding }: Pick<Components, 'holding'>, patientId: Hex): boolean =>
  holding.patient(patientId)?.state === 'enrolled';

/** One answer for nothing here and nothing allowed. */
export const nothingAllowed = (): CarelatticeError =>
  new CarelatticeError('NothingAllowed', 'there is nothing here that this consent lets you read');

/**
 * Whether what an access stands on still stands at a block: the consent (and the guardianship above it) active on this
 * node's own chain, and the patient's authority the same. @throws `Revoked`, `NotHerSigner`, `NothingAllowed` at a node that she
 * has left, and of the transport
 */
export async function requireStanding(
  c: Components,
  { patientId, authority, standings }: Pick<Access, 'patientId' | 'authority' | 'standings'>,
  at: BlockAt,
): Promise<void> {
  const [present, ...states] = await Promise.all([
    c.contracts.patientRegistry.call('authorityOf', [patientId], at),
    ...standings.map((standing) => statusAt(c, standing, at)),
  ]);
  const isDown = ({ state }: ConsentStatus, index: number): boolean =>
    standings[index]?.needs === 'notRevoked'
      ? state === CONSENT_STATE.revoked
      : state !== CONSENT_STATE.active;
  if (states.some(isDown)) {
    throw new CarelatticeError('Revoked', 'the patient has revoked this consent; ask her anew');
  }
  // A hospital that she has left serves nobody from what it still has. An emergency has no standings.
  if (standings.length > 0 && !isServed(c, patientId)) throw nothingAllowed();
  if (present !== authority) {
    throw new CarelatticeError(
      'NotHerSigner',
      "the consent was signed by an account that is not the patient's any more; ask her anew",
    );
  }
}
