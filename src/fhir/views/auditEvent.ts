import type {
  AuditEvent,
  AuditEventEntity,
  Coding,
  Organization,
  Patient,
  Reference,
} from '@medplum/fhirtypes';
import type { Hex } from '../../hash/bytes.ts';
import type { AccessReceipt, ReadRequest } from '../../wire/typedData.ts';
import { codingOf, conceptOf, identifierOf, instantOf, referenceTo } from './identifiers.ts';
import { EMERGENCY, purposeCoding } from './purposes.ts';

export interface AccessToShow {
  readonly receipt: AccessReceipt;
  /** EIP-712 digest of `receipt`. */
  readonly receiptDigest: Hex;
  /** The request that the receipt answers, where it is known: it carries the purpose and the records asked for. */
  readonly request?: ReadRequest;
  /** Unix seconds of the receipt's block. */
  readonly recordedAt: number;
  /** Pseudonym of the patient in the receipt's network. */
  readonly patientId: Hex;
  readonly patient?: Reference<Patient>;
  readonly readerName?: string;
  readonly holderName?: string;
  /** False when the receipt was anchored and the keys were kept back. */
  readonly isReleased?: boolean;
}

const DICOM = 'http://dicom.nema.org/resources/ontology/DCM';
const ENTITY_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-entity-type';
const ROLE = 'http://terminology.hl7.org/CodeSystem/object-role';
const SYSTEM_OBJECT = codingOf(ENTITY_TYPE, '2', 'System Object');

/**
 * An access receipt as a FHIR R4 AuditEvent in the form of IHE BALP, disclosure as its source records it:
 * the holder gave records of one patient to a reader.
 */
export function auditEventView(view: AccessToShow): AuditEvent {
  const { receipt, request, recordedAt, isReleased = true } = view;
  const holder = nodeReference(receipt.holder, view.holderName);
  const purpose = request === undefined ? [] : [{ coding: [purposeCoding(request.purpose)] }];
  return {
    resourceType: 'AuditEvent',
    type: codingOf(DICOM, '110106', 'Export'),
    subtype: subtypesOf(request),
    action: 'R',
    recorded: instantOf(recordedAt),
    outcome: isReleased ? '0' : '4',
    ...(isReleased ? {} : { outcomeDesc: 'The receipt was anchored; the keys were not released' }),
    ...(purpose.length === 0 ? {} : { purposeOfEvent: purpose }),
    agent: [
      {
        type: conceptOf(DICOM, '110153', 'Source Role ID'),
        who: holder,
        requestor: false,
      },
      {
        type: conceptOf(DICOM, '110152', 'Destination Role ID'),
        who: nodeReference(receipt.reader, view.readerName),
        requestor: true,
        policy: [`urn:carelattice:basis:${receipt.basis}`],
        ...(purpose.length === 0 ? {} : { purposeOfUse: purpose }),
      },
    ],
    source: {
      observer: holder,
      type: [
        codingOf(
          'http://terminology.hl7.org/CodeSystem/security-source-type',
          '4',
          'Application Server',
        ),
      ],
    },
    entity: [patientEntity(view), basisEntity(view), receiptEntity(view), ...recordEntities(view)],
  };
}

const nodeReference = (nodeId: Hex, name?: string): Reference<Organization> =>
  referenceTo<Organization>('Organization', identifierOf('node', nodeId), name);

const isEmergency = (request: ReadRequest | undefined): boolean => request?.purpose === EMERGENCY;

/** Break-glass is marked by DICOM's own code beside the disclosure. */
function subtypesOf(request: ReadRequest | undefined): Coding[] {
  const disclose = codingOf(
    'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle',
    'disclose',
  );
  return isEmergency(request)
    ? [disclose, codingOf(DICOM, '110127', 'Emergency Override Started')]
    : [disclose];
}

function patientEntity({ patient, patientId }: AccessToShow): AuditEventEntity {
  return {
    what: patient ?? referenceTo('Patient', identifierOf('patient', patientId)),
    type: codingOf(ENTITY_TYPE, '1', 'Person'),
    role: codingOf(ROLE, '1', 'Patient'),
  };
}

/** What allowed the reading: a consent, an emergency request, or a holder's own relation with the patient. */
function basisEntity({ receipt, request }: AccessToShow): AuditEventEntity {
  const security = { type: SYSTEM_OBJECT, role: codingOf(ROLE, '13', 'Security Resource') };
  if (isEmergency(request)) {
    return { ...security, what: { identifier: identifierOf('emergency', receipt.basis) } };
  }
  const what =
    receipt.reader === receipt.holder
      ? { identifier: identifierOf('relations', receipt.basis) }
      : referenceTo('Consent', identifierOf('consent', receipt.basis));
  return { ...security, what };
}

function receiptEntity({ receipt, receiptDigest }: AccessToShow): AuditEventEntity {
  return {
    what: { identifier: identifierOf('receipt', receiptDigest) },
    type: SYSTEM_OBJECT,
    role: codingOf(ROLE, '3', 'Report'),
    detail: [
      { type: 'requestDigest', valueString: receipt.requestDigest },
      { type: 'recordListRoot', valueString: receipt.recordListRoot },
      { type: 'n', valueString: String(receipt.n) },
      { type: 'blockNumber', valueString: String(receipt.blockNumber) },
      { type: 'blockHash', valueString: receipt.blockHash },
    ],
  };
}

/** The records asked for by anchor; a request that names none asked for all that the basis allows. */
function recordEntities({ request }: AccessToShow): AuditEventEntity[] {
  return (request?.anchors ?? []).map((anchor) => ({
    what: referenceTo('Bundle', identifierOf('anchor', anchor)),
    type: SYSTEM_OBJECT,
    role: codingOf(ROLE, '4', 'Domain Resource'),
  }));
}
