import { z } from 'zod';
import type { Hex } from '../../hash/bytes.ts';
import { keptConsent } from '../consent/keptConsents.ts';
import type { Wallet } from './wallet.ts';

/** What a wallet holds beside its root key: data that stays when the root key is lost or changed. */
export type WalletState = Omit<Wallet, 'rootKey' | 'keySlots'>;

const hex = z.custom<Hex>(
  (value) => typeof value === 'string' && /^0x([0-9a-f]{2})*$/.test(value),
  'hex',
);
const hex32 = hex.refine((value) => value.length === 66, '32 bytes');
const count = z.int().nonnegative();

export const walletState: z.ZodType<WalletState> = z.strictObject({
  authorityKey: hex32,
  nextAuthorityKey: hex32.exactOptional(),
  networks: z.record(
    hex32,
    z.strictObject({
      federationId: hex32,
      networkId: hex32,
      chainId: count,
      patientId: hex32,
      idNonce: hex32,
      opened: z.boolean(),
      seq: count,
      presenceEpoch: count,
      epochs: z.record(z.string(), count),
      relations: z.array(
        z.strictObject({
          nodeId: hex32,
          role: count,
          categories: z.array(z.string()),
          handles: z.array(hex),
          salt: hex,
          enrolledSeq: count,
          countersignature: hex,
        }),
      ),
      kept: z
        .strictObject({
          handles: z.record(z.string(), hex32),
          scopeSeeds: z.array(z.strictObject({ category: z.string(), epoch: count, seed: hex32 })),
          accessKeys: z.record(hex32, hex32),
        })
        .exactOptional(),
      guardians: z
        .strictObject({
          threshold: count,
          delay: count,
          guardians: z.array(
            z.strictObject({
              account: hex.refine((value) => value.length === 42, '20 bytes'),
              salt: hex32,
            }),
          ),
        })
        .exactOptional(),
      card: z
        .strictObject({
          cardEpoch: count,
          custodians: z.array(hex32),
          holder: hex32,
          notTold: z.array(hex32),
        })
        .exactOptional(),
      formerHolders: z.array(hex32).exactOptional(),
      erasures: z
        .array(
          z.strictObject({
            seq: count,
            anchors: z.array(hex32),
            receipts: z.array(z.strictObject({ nodeId: hex32, erasedAt: count, signature: hex })),
            waiting: z.array(z.strictObject({ nodeId: hex32, reason: z.string() })),
          }),
        )
        .exactOptional(),
    }),
  ),
  consents: z.array(keptConsent).exactOptional(),
});
