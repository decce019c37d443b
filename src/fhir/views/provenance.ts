import type {
  CodeableConcept,
  Organization,
  Provenance,
  ProvenanceEntity,
  Reference,
  Resource,
} from '@medplum/fhirtypes';
import type { Hex } from '../../hash/bytes.ts';
import type { RecordMessage } from '../../wire/typedData.ts';
import { conceptOf, identifierOf, instantOf, periodOf, referenceTo } from './identifiers.ts';
import { labelCoding } from './labels.ts';
import { signatureOf } from './signature.ts';

export interface RecordToShow {
  /** The inner header as its author signed it. */
  readonly message: RecordMessage;
  readonly signature: Hex;
  /** EIP-712 digest of `message`. */
  readonly digest: Hex;
  readonly anchor: Hex;
  /** Name of the author's organisation, where it is known. */
  readonly authorName?: string;
  /** How the surrounding Bundle names the record; else it is named by its anchor. */
  readonly target?: Reference<Resource>;
}

const NO_VERSION: Hex = `0x${'00'.repeat(16)}`;
const OPERATION = 'http://terminology.hl7.org/CodeSystem/v3-DataOperation';

/** Where a record comes from, by its signed inner header, as a FHIR R4 Provenance. */
export function provenanceView({
  message,
  signature,
  digest,
  anchor,
  authorName,
  target,
}: RecordToShow): Provenance {
  const author = referenceTo<Organization>(
    'Organization',
    identifierOf('node', message.author),
    authorName,
  );
  // An author can sign an end before the beginning; FHIR has no such period.
  const { eventFrom, eventTo } = message;
  const occurred = periodOf(eventFrom, eventTo < eventFrom ? 0n : eventTo);
  const entity = entitiesOf(message);
  return {
    resourceType: 'Provenance',
    ...(message.sensitivity.length === 0
      ? {}
      : { meta: { security: message.sensitivity.map(labelCoding) } }),
    target: [target ?? referenceTo('Bundle', identifierOf('anchor', anchor))],
    ...(occurred === undefined ? {} : { occurredPeriod: occurred }),
    recorded: instantOf(message.recordedAt),
    activity: activityOf(message),
    agent: [
      {
        type: conceptOf(
          'http://terminology.hl7.org/CodeSystem/provenance-participant-type',
          'author',
          'Author',
        ),
        who: author,
      },
    ],
    ...(entity.length === 0 ? {} : { entity }),
    signature: [
      signatureOf({ purpose: 'author', digest, signature, when: message.recordedAt, who: author }),
    ],
  };
}

function activityOf({ status, previousVersion }: RecordMessage): CodeableConcept {
  if (status === 'entered-in-error') return conceptOf(OPERATION, 'NULLIFY', 'nullify');
  return previousVersion === NO_VERSION
    ? conceptOf(OPERATION, 'CREATE', 'create')
    : conceptOf(OPERATION, 'UPDATE', 'revise');
}

/** The version before, which this one takes the place of. */
function entitiesOf({ previousVersion }: RecordMessage): ProvenanceEntity[] {
  if (previousVersion === NO_VERSION) return [];
  const what = referenceTo('Bundle', identifierOf('record', previousVersion));
  return [{ role: 'revision', what }];
}
