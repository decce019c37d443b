import {
  statementOf,
  CONSENT_TEMPLATE,
  GUARDIANSHIP_TEMPLATE,
} from '../../domain/consentStatement.ts';
import { CarelatticeError } from '../../errors.ts';
import { type Hex, toHex, ZERO_32 } from '../../hash/bytes.ts';
import { ANY_ADMITTED_NODE } from '../../wire/consent.ts';
import {
  ACCESS,
  assertConsentForm,
  assertGuardianshipForm,
  type Purpose,
} from '../../wire/consentForm.ts';
import type { Consent, Exception, Guardianship, NetworkScope } from '../../wire/typedData.ts';

/** From plain wishes to what is signed: a consent or guardianship with its statement. */

/** A network that a consent is for. */
export interface ConsentPlace {
  readonly networkId: Hex;
  readonly chainId: number;
  /** Address of the network's ConsentRegistry. */
  readonly registry: Hex;
  /** Her id there. */
  readonly patientId: Hex;
  /** As the statement calls the network. */
  readonly name: string;
}

/** What consents and guardianships have in common. */
interface DocumentWish {
  /** Her account, which signs unless a delegate does. */
  readonly patient: Hex;
  readonly language: 'en' | 'zh';
  readonly categories: readonly string[];
  /** Unix seconds, first and last. */
  readonly from: bigint;
  readonly until: bigint;
  /** The signer's `minEpoch` on chain; 0 where she never revoked all. */
  readonly epoch: bigint;
  /** The first is its home. */
  readonly places: readonly ConsentPlace[];
}

export interface ConsentWish extends DocumentWish {
  /** By its registered name; `any`: whoever is admitted. */
  readonly reader: { readonly nodeId: Hex; readonly name: string } | 'any';
  readonly purpose: Purpose;
  /** Labels that records may carry. Default none. */
  readonly sensitivity?: readonly string[];
  /** Anchors of records. Default all. */
  readonly records?: readonly Hex[];
  /** Node ids. Default all. */
  readonly authors?: readonly Hex[];
  /** What the records are about, Unix seconds. Default open. */
  readonly dataFrom?: bigint;
  readonly dataTo?: bigint;
  readonly except?: readonly Exception[];
  /** Last second in which it may come to the chain. Default `until`. */
  readonly submitBy?: bigint;
  /** Digest of the guardianship under which a delegate signs. */
  readonly guardianship?: Hex;
}

export interface GuardianshipWish extends DocumentWish {
  readonly delegate: Hex;
  /** HL7 v3 RoleCode: GUARD, PRN, HPOWATT, SPS, FAMMEMB. */
  readonly role: string;
}

type Random = (size: number) => Uint8Array;

function shared(wish: DocumentWish, random: Random) {
  const [home] = wish.places;
  if (home === undefined) {
    throw new CarelatticeError('MalformedConsent', 'a consent names at least one network', {
      facts: { place: 'networks', problem: 'has to list 1 to 32' },
    });
  }
  return {
    statement: '',
    language: wish.language,
    patient: wish.patient,
    actions: [ACCESS],
    categories: [...wish.categories],
    notBefore: wish.from,
    notAfter: wish.until,
    epoch: wish.epoch,
    nonce: BigInt(toHex(random(32))),
    home: home.networkId,
    networkNames: wish.places.map(({ name }) => name),
    networks: wish.places.map((place) => scopeOf(place, random)),
  };
}

const scopeOf = (place: ConsentPlace, random: Random): NetworkScope => ({
  chainId: BigInt(place.chainId),
  networkId: place.networkId,
  registry: place.registry,
  patientId: place.patientId,
  salt: toHex(random(32)),
});

/** The networks of a guardianship, for a consent that the delegate drafts under it. */
export const placesUnder = ({ networks, networkNames }: Guardianship): ConsentPlace[] =>
  networks.map(({ networkId, chainId, registry, patientId }, index) => ({
    networkId,
    chainId: Number(chainId),
    registry,
    patientId,
    name: networkNames[index] ?? '',
  }));

/** A consent with its text, to be shown and signed. @throws `MalformedConsent` with the place */
export function draftConsent(wish: ConsentWish, random: Random): Consent {
  const { reader } = wish;
  const draft: Consent = {
    ...shared(wish, random),
    template: CONSENT_TEMPLATE,
    guardianship: wish.guardianship ?? ZERO_32,
    grantee: reader === 'any' ? ANY_ADMITTED_NODE : reader.nodeId,
    granteeName: reader === 'any' ? '' : reader.name,
    purpose: wish.purpose,
    sensitivity: wish.sensitivity ?? [],
    anchors: wish.records ?? [],
    authors: wish.authors ?? [],
    dataFrom: wish.dataFrom ?? 0n,
    dataTo: wish.dataTo ?? 0n,
    except: wish.except ?? [],
    submitBy: wish.submitBy ?? wish.until,
  };
  const consent = { ...draft, statement: statementOf(draft) };
  assertConsentForm(consent);
  return consent;
}

/** A guardianship with its text. @throws `MalformedConsent` with the place */
export function draftGuardianship(wish: GuardianshipWish, random: Random): Guardianship {
  const draft: Guardianship = {
    ...shared(wish, random),
    template: GUARDIANSHIP_TEMPLATE,
    delegate: wish.delegate,
    role: wish.role,
  };
  const guardianship = { ...draft, statement: statementOf(draft) };
  assertGuardianshipForm(guardianship);
  return guardianship;
}
