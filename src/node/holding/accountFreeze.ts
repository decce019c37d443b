import { CarelatticeError } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import type { Components } from '../components.ts';

/**
 * While her guardians have frozen her account, whoever holds its key changes nothing here either: the chain would
 * refuse it, but a node would have taken the keys. Asked of the newest block, as the contract will.
 * @throws `AuthorityFrozen`
 */
export async function requireNotFrozen(
  c: Pick<Components, 'contracts' | 'now'>,
  patientId: Hex,
): Promise<void> {
  const guard = await c.contracts.patientRegistry.call('guardOf', [patientId], 'latest');
  const until = Number(guard.frozenUntil);
  if (until <= c.now()) return;
  throw new CarelatticeError(
    'AuthorityFrozen',
    "the patient's guardians have frozen this account; revocations still pass",
    { facts: { until }, retryable: true },
  );
}
