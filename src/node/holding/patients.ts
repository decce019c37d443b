import { openAtRest, sealAtRest } from '../../crypto/atRest.ts';
import { scopeKeyIdOf } from '../../crypto/derivations.ts';
import { hmacSha256 } from '#sha256';
import { deriveKemKeyPair, type KemKeyPair, type KemPublicKey } from '../../crypto/hpkeSealing.ts';
import type { OwnRelation } from '../../domain/relations.ts';
import { CarelatticeError } from '../../errors.ts';
import { equalBytes, type Hex, join, toHex, utf8 } from '../../hash/bytes.ts';
import type { OwnPatient } from '../../journal/holdingTables.ts';
import {
  decodeScopePackage,
  encodeScopePackage,
  type ScopeEntry,
  type ScopePackage,
} from '../../wire/scopePackage.ts';
import type { Components } from '../components.ts';

/** The patients of this node: whom it may recognise, whose keys it was given. */

type Keeper = Pick<Components, 'self' | 'holding'>;

const PURPOSE = 'scope-package';

/** Packages opened before, by node and patient: opening one costs more than a look at a tag. */
const opened = new WeakMap<object, Map<Hex, { sealed: Uint8Array; content: ScopePackage }>>();

/** What the patient gave this node. */
export function packageOf(c: Keeper, patient: OwnPatient): ScopePackage {
  const known =
    opened.get(c.holding) ?? new Map<Hex, { sealed: Uint8Array; content: ScopePackage }>();
  opened.set(c.holding, known);
  const before = known.get(patient.patientId);
  if (before !== undefined && equalBytes(before.sealed, patient.package)) return before.content;
  const content = decodeScopePackage(openAtRest(c.self.journalKey, PURPOSE, patient.package));
  known.set(patient.patientId, { sealed: patient.package, content });
  return content;
}

export const sealedPackage = (
  c: Pick<Components, 'self'>,
  scopePackage: ScopePackage,
): Uint8Array => sealAtRest(c.self.journalKey, PURPOSE, encodeScopePackage(scopePackage));

/**
 * New keys with the older ones behind them: what was sealed before a step is opened by the key of its time. The newest
 * key of a category comes first.
 */
export function withFormerKeys(
  c: Keeper,
  former: OwnPatient | undefined,
  content: ScopePackage,
): ScopePackage {
  const before = former === undefined ? [] : packageOf(c, former).scopes;
  const isNew = ({ handle, epoch }: ScopeEntry): boolean =>
    !content.scopes.some((scope) => scope.handle === handle && scope.epoch === epoch);
  const kept = before.filter((scope) => scope.privateSeed !== undefined && isNew(scope));
  return { ...content, scopes: [...content.scopes, ...kept] };
}

export const publicKeyOf = ({ suite, publicKey: bytes }: ScopeEntry): KemPublicKey => ({
  suite,
  bytes,
});

const keyIds = new WeakMap<ScopeEntry, Hex>();

/** The id of a scope key of an opened package. */
export function keyIdOf(scope: ScopeEntry): Hex {
  const keyId = keyIds.get(scope) ?? scopeKeyIdOf(publicKeyOf(scope));
  keyIds.set(scope, keyId);
  return keyId;
}

/** Key pairs made before; they go with the opened package that they belong to. */
const pairs = new WeakMap<ScopeEntry, Promise<KemKeyPair>>();

/** The key pair of a scope key that this node was given. @throws `BadSeed` when it was not, `UnknownSuite` */
export function keyPairOf(scope: ScopeEntry): Promise<KemKeyPair> {
  const pair = pairs.get(scope) ?? deriveKemKeyPair(scope.suite, scope.privateSeed ?? NO_SEED);
  pairs.set(scope, pair);
  return pair;
}

const NO_SEED = new Uint8Array(0);

/** Count and head of what this node holds of a patient, for each of these handles that has a history. */
export const historiesOf = (
  { holding }: Pick<Components, 'holding'>,
  patientId: Hex,
  handles: readonly Hex[],
): { handle: Hex; count: number; historyHead: Hex }[] =>
  handles.flatMap((handle) => {
    const history = holding.history(patientId, handle);
    if (history === undefined) return [];
    return [{ handle, count: history.count, historyHead: history.historyHead }];
  });

/** This node's own leaf as its package shows it. */
export const relationOf = ({ relation, path }: ScopePackage): OwnRelation => ({
  salt: relation.salt,
  role: relation.role,
  handles: [...relation.handles],
  path: [...path],
});

/** How an identifier lies in the look-up: HMAC under this node's own key, so that a stolen journal names nobody. */
export const identifierHash = (
  c: Pick<Components, 'self'>,
  identifier: { system: string; value: string },
): Hex =>
  toHex(
    hmacSha256(
      c.self.journalKey,
      join(utf8('identifier'), utf8(identifier.system), utf8(identifier.value)),
    ),
  );

/** The one enrolled patient with these identifiers. @throws `PatientUnknown`, `PatientAmbiguous`, `PatientNotEnrolled` */
export function findPatient(
  c: Keeper,
  identifiers: readonly { system: string; value: string }[],
): OwnPatient {
  const found = new Set(
    identifiers.flatMap((identifier) =>
      c.holding.patientsByIdentifier(identifierHash(c, identifier)),
    ),
  );
  const [patientId] = found;
  if (patientId === undefined) {
    throw new CarelatticeError(
      'PatientUnknown',
      'no patient with an identifier of this bundle is registered here; enrol her first',
    );
  }
  if (found.size > 1) {
    throw new CarelatticeError(
      'PatientAmbiguous',
      'the identifiers of this bundle belong to several patients',
      {
        facts: { patients: found.size },
      },
    );
  }
  const patient = c.holding.patient(patientId);
  if (patient?.state !== 'enrolled') {
    throw new CarelatticeError(
      'PatientNotEnrolled',
      'the patient is not enrolled at this node (any more, or not yet on chain)',
      {
        facts: { state: patient?.state ?? 'unknown' },
        retryable: patient?.state === 'asked',
      },
    );
  }
  return patient;
}
