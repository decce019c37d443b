import { openAtRest, sealAtRest } from '../../crypto/atRest.ts';
import { openCustody } from '../../crypto/custodyPackage.ts';
import { deriveKemKeyPair } from '../../crypto/hpkeSealing.ts';
import { CarelatticeError } from '../../errors.ts';
import { fromHex, type Hex } from '../../hash/bytes.ts';
import type { Custody } from '../../journal/emergencyTables.ts';
import {
  custody,
  custodyMessage,
  lookUpQuestion,
  type WireCustody,
} from '../../wire/emergencyMessages.ts';
import { HYBRID_SUITE } from '../../wire/kemSuite.ts';
import { decodeMessage, encodeMessage } from '../../wire/messages.ts';
import type { Components } from '../components.ts';

/** This node as a custodian: it keeps one share of a summary key, and where the others are. */

const PURPOSE = 'custody';

/**
 * Type 111: a new card's share, or word that the card has gone to others.
 * @throws `PatientUnknown`, `BadPackageSignature`, `OpeningFailed`, `PackageMismatch`, `CustodyStale`
 */
export async function takeCustody(c: Components, body: Uint8Array): Promise<Uint8Array> {
  const message = decodeMessage(custodyMessage, body);
  const { patientId, cardEpoch } = message;
  const authority = c.seen.authority(patientId);
  if (authority === undefined)
    throw new CarelatticeError('PatientUnknown', 'this patient is not on the chain of the network');
  const { federationId, networkId, chainId } = c.self.network;
  const content = await openCustody(
    fromHex(message.package),
    message.packageSignature,
    {
      ...{ networkId, chainId: BigInt(chainId), patientId, nodeId: c.self.nodeId },
      seq: BigInt(cardEpoch),
    },
    await deriveKemKeyPair(HYBRID_SUITE, c.self.kemSeed),
    { federationId, authority },
  );
  if (content.custody !== undefined && !isCustodian(c, content.custody))
    throw new CarelatticeError('PackageMismatch', 'a share goes to the custodians it names');
  const { custody: given } = content;
  c.db.transaction(() => {
    const before = c.emergencies.custody(patientId);
    if (before !== undefined && before.cardEpoch > cardEpoch) throw stale();
    const kept = { patientId, cardEpoch };
    c.emergencies.putCustody(
      given === undefined
        ? kept
        : {
            ...kept,
            lookUp: given.lookUp,
            content: sealAtRest(c.self.journalKey, PURPOSE, encodeMessage(given)),
          },
    );
  });
  // A share that is given up is to be gone from the journal's files too.
  c.db.scrubLater();
  c.log(given === undefined ? 'custody ended' : 'custody taken');
  return encodeMessage({ taken: true });
}

const isCustodian = (c: Pick<Components, 'self'>, { custodians }: WireCustody): boolean =>
  custodians.includes(c.self.nodeId) && new Set(custodians).size === custodians.length;

const stale = (): CarelatticeError =>
  new CarelatticeError('CustodyStale', 'a newer card of this patient is here already');

/** Type 112: whoever knows the card's secret learns who keeps its shares. @throws `CardUnknown` */
export function answerLookUp(c: Components, body: Uint8Array): Uint8Array {
  const { lookUp } = decodeMessage(lookUpQuestion, body);
  const { custodians, holder } = opened(c, c.emergencies.custodyBy(lookUp));
  c.log('card looked up');
  return encodeMessage({ custodians, holder });
}

/** What this custodian keeps behind the present card of a patient. @throws `CardUnknown` */
export function custodyOf(c: Components, patientId: Hex, lookUp: Hex): WireCustody {
  const kept = c.emergencies.custody(patientId);
  return opened(c, kept?.lookUp === lookUp ? kept : undefined);
}

function opened(c: Components, kept: Custody | undefined): WireCustody {
  if (kept?.content !== undefined)
    return decodeMessage(custody, openAtRest(c.self.journalKey, PURPOSE, kept.content));
  throw new CarelatticeError(
    'CardUnknown',
    'this node keeps no share for the card; a newer card may have been made',
  );
}
