import { z } from 'zod';
import { CarelatticeError } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import { accountJson, hex32Json, hexJson, typedDataJson } from '../../wire/typedDataJson.ts';
import type { Consent, Guardianship } from '../../wire/typedData.ts';

/** What a wallet remembers of the consents and guardianships that it signed or was given. */

const kept = {
  /** As JSON has typed data: numbers are decimal texts. */
  message: z.record(z.string(), z.unknown()),
  digest: hex32Json,
  /** Of the network that this wallet was in when it signed. */
  federationId: hex32Json,
  signer: accountJson,
  signature: hexJson,
  revoked: z.boolean(),
};

export const keptConsent = z.discriminatedUnion('struct', [
  z.strictObject({
    struct: z.literal('Consent'),
    ...kept,
    /** Digest of the kept guardianship that a delegate signed under. */
    guardianship: hex32Json.exactOptional(),
  }),
  z.strictObject({ struct: z.literal('Guardianship'), ...kept }),
]);

export type KeptConsent = z.infer<typeof keptConsent>;

/** A wallet. */
interface Keeper {
  consents?: KeptConsent[];
}

/** @throws `ConsentUnknown` */
export function keptConsentOf(wallet: Keeper, digest: Hex): KeptConsent {
  const found = wallet.consents?.find((one) => one.digest === digest);
  if (found !== undefined) return found;
  throw new CarelatticeError('ConsentUnknown', 'this wallet holds no such consent', {
    facts: { digest },
  });
}

/** The consent of a kept one. @throws `ConsentUnknown` when it is a guardianship */
export function consentIn({ struct, message, digest }: KeptConsent): Consent {
  if (struct === 'Consent') return typedDataJson('Consent').parse(message);
  throw new CarelatticeError('ConsentUnknown', 'this is a guardianship, not a consent', {
    facts: { digest },
  });
}

/** The guardianship of a kept one. @throws `ConsentUnknown` when it is a consent */
export function guardianshipIn({ struct, message, digest }: KeptConsent): Guardianship {
  if (struct === 'Guardianship') return typedDataJson('Guardianship').parse(message);
  throw new CarelatticeError('ConsentUnknown', 'this is a consent, not a guardianship', {
    facts: { digest },
  });
}

/** Remembers it once. */
export function keepConsent(wallet: Keeper, one: KeptConsent): void {
  wallet.consents ??= [];
  if (!wallet.consents.some(({ digest }) => digest === one.digest)) wallet.consents.push(one);
}
