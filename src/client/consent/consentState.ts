import type { EdgeContracts } from '../../chain/contracts.ts';
import { CONSENT_STATE } from '../../domain/consentRules.ts';
import { CarelatticeError, type ErrorFacts } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import { until } from '../until.ts';

/** What a client reads of consents on its own chain node. */
export interface ConsentState {
  /** Lowest epoch of the account that still counts. */
  minEpochOf(account: Hex): Promise<bigint>;
  /** 0 none, 1 active, 2 revoked. */
  stateOf(account: Hex, digest: Hex, epoch: bigint): Promise<number>;
}

export const consentState = ({ consents }: Pick<EdgeContracts, 'consents'>): ConsentState => ({
  async minEpochOf(account) {
    const [minEpoch] = await consents.call('accountOf', [account], 'latest');
    return minEpoch;
  },
  async stateOf(account, digest, epoch) {
    const [state] = await consents.call('statusOf', [account, digest, epoch], 'latest');
    return Number(state);
  },
});

const STATES = { granted: CONSENT_STATE.active, revoked: CONSENT_STATE.revoked } as const;

/** The consensus node has a message, and the chain does not show it. */
export const consentNotSeen = (facts: ErrorFacts): CarelatticeError =>
  new CarelatticeError(
    'ConsentNotSeen',
    'the consensus node has the message, but the chain does not show it in time; look at its log',
    { facts, retryable: true },
  );

/** Waits until the chain has the state. @throws `ConsentNotSeen`, `Revoked` */
export async function waitForState(
  state: ConsentState,
  ways: { pause(): Promise<void> },
  { signer, digest, message }: { signer: Hex; digest: Hex; message: Record<string, unknown> },
  wanted: keyof typeof STATES,
): Promise<void> {
  const epoch = BigInt(String(message['epoch']));
  const seen = async (): Promise<true | undefined> => {
    const present = await state.stateOf(signer, digest, epoch);
    if (present === STATES[wanted]) return true;
    if (present !== STATES.revoked) return undefined;
    throw new CarelatticeError('Revoked', 'it was taken back; sign a new one', {
      facts: { digest },
    });
  };
  await until(ways, seen, () => consentNotSeen({ digest, wanted }));
}
