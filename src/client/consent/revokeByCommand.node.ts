import { HIGHEST_EPOCH } from '../../domain/consentRules.ts';
import type { Hex } from '../../hash/bytes.ts';
import type { ConsentDesk } from './consentDesk.node.ts';
import { consentNotSeen, waitForState } from './consentState.ts';
import { consentIn, type KeptConsent, keptConsentOf } from './keptConsents.ts';
import {
  type NetworkWays,
  revokeAll,
  revokeConsent,
  revokeDelegated,
  type RevocationOutcome,
} from './revoke.ts';
import { until } from '../until.ts';
import { authorityOf, type Wallet } from '../wallet/wallet.ts';

/** What `revoke` does. */

/** A line for each consent and guardianship of the wallet. */
export function consentLines({ consents = [] }: Pick<Wallet, 'consents'>): string[] {
  const lines = consents.map(lineOf);
  return lines.length === 0 ? ['This wallet has signed no consent.'] : lines;
}

function lineOf(kept: KeptConsent): string {
  const end = kept.revoked ? 'taken back' : `until ${dayOf(kept)}`;
  if (kept.struct === 'Guardianship') return `${kept.digest}  guardianship, ${end}`;
  const { granteeName, purpose } = consentIn(kept);
  const who = granteeName === '' ? 'whoever is admitted' : granteeName;
  return `${kept.digest}  ${who}, ${purpose}, ${end}`;
}

const dayOf = ({ message }: KeptConsent): string =>
  new Date(Number(message['notAfter']) * 1000).toISOString().slice(0, 10);

const waysOf = ({ manifest, ways }: ConsentDesk): NetworkWays =>
  new Map([[manifest.networkId, ways]]);

/** @throws the first refusal when a network did not take it */
function requireTaken(outcomes: readonly RevocationOutcome[]): void {
  const refused = outcomes.find(({ error }) => error !== undefined)?.error;
  if (refused !== undefined) throw refused;
}

/**
 * Takes one back and waits until the chain refuses it.
 * @throws `ConsentUnknown`, `ConsentNotSeen`, and what the networks refuse with
 */
export async function revokeByCommand(desk: ConsentDesk, digest: Hex): Promise<void> {
  const kept = keptConsentOf(desk.wallet, digest);
  const outcomes = await revokeConsent(desk.wallet, kept, waysOf(desk));
  await desk.save();
  requireTaken(outcomes);
  const signer = authorityOf(desk.wallet);
  await waitForState(desk.state, desk.ways, { ...kept, signer }, 'revoked');
}

/** Takes back what a delegate signed, under the patient's own account. @throws as `revokeByCommand` */
export async function revokeDelegatedByCommand(desk: ConsentDesk, digest: Hex): Promise<void> {
  requireTaken(await revokeDelegated(desk.wallet, digest, waysOf(desk)));
  const signer = authorityOf(desk.wallet);
  // The delegate's epoch says nothing of hers: with the highest one her own revocation alone counts.
  const message = { epoch: HIGHEST_EPOCH };
  await waitForState(desk.state, desk.ways, { signer, digest, message }, 'revoked');
}

/** Takes all back that this account has signed so far. @returns the new lowest epoch */
export async function revokeAllByCommand(desk: ConsentDesk): Promise<bigint> {
  const account = authorityOf(desk.wallet);
  const minEpoch = (await desk.state.minEpochOf(account)) + 1n;
  const outcomes = await revokeAll(desk.wallet, minEpoch, waysOf(desk));
  await desk.save();
  requireTaken(outcomes.filter(({ networkId }) => networkId === desk.manifest.networkId));
  const seen = async (): Promise<true | undefined> =>
    (await desk.state.minEpochOf(account)) < minEpoch ? undefined : true;
  await until(desk.ways, seen, () => consentNotSeen({ minEpoch }));
  return minEpoch;
}
