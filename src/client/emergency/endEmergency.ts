import type { Hex } from '../../hash/bytes.ts';
import { SUMMARY_CATEGORY } from '../../wire/emergencyMessages.ts';
import { type CardPlan, makeEmergencyCard } from './emergencyCard.ts';
import type { EmergencyCard } from './emergencyCardText.ts';
import type { ClientNetwork } from '../enrolment/enroll.ts';
import { stepScopes } from '../account/stepScopes.ts';
import type { Wallet, WalletNetwork } from '../wallet/wallet.ts';

/**
 * After an emergency, at her next visit: the summary's key steps, so that the shares that were released open nothing
 * written from now on, and a new card replaces the old one. The summary is to be handed in anew afterwards.
 * @throws as `stepScopes` and `makeEmergencyCard`; called again after a fault in between, the key steps once more
 */
export async function endEmergency(
  wallet: Wallet,
  network: WalletNetwork,
  client: ClientNetwork,
  plan: CardPlan,
): Promise<{ card: EmergencyCard; notTold: readonly Hex[] }> {
  await stepScopes(wallet, network, client, [SUMMARY_CATEGORY]);
  return makeEmergencyCard(wallet, network, client, plan);
}
