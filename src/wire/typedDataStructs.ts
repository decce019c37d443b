import type { Hex } from '../hash/bytes.ts';

/** Every struct that is signed, word for word as its EIP-712 type; the fields of each message follow from it. */
export const structs = {
  OpenPatient:
    'bytes32 networkId,uint256 chainId,address authority,bytes32 idNonce,bytes32 inboxKeyHash',
  SetRelations:
    'bytes32 networkId,uint256 chainId,bytes32 patientId,uint64 seq,bytes32 relationsDigest',
  ScopeEpoch:
    'bytes32 networkId,uint256 chainId,bytes32 patientId,uint64 seq,bytes32 handle,uint32 epoch,bytes32 commitment',
  Enrollment: 'bytes32 networkId,uint256 chainId,bytes32 patientId,bytes32 nodeId,uint64 seq',
  Withdrawal: 'bytes32 networkId,uint256 chainId,bytes32 patientId,bytes32 nodeId,uint64 seq',
  Package:
    'bytes32 networkId,uint256 chainId,bytes32 patientId,bytes32 nodeId,uint64 seq,bytes32 packageHash',
  Record:
    'bytes32 networkId,uint256 chainId,bytes32 author,uint32 keyEpoch,bytes16 recordId,bytes32 headerHash,bytes32 bodyRoot,string category,string[] resourceTypes,string[] sensitivity,string status,uint64 recordedAt,uint64 eventFrom,uint64 eventTo,bytes16 previousVersion,string mediaType,uint64 bodyLength',
  PatientFetch:
    'bytes32 networkId,uint256 chainId,bytes32 patientId,bytes32 gateway,bytes32 anchor,uint64 expiry,uint256 nonce',
  RecordBatch: 'bytes32 networkId,uint256 chainId,bytes32 author,uint32 keyEpoch,bytes32 batchRoot',
  StorageReceipt:
    'bytes32 networkId,uint256 chainId,bytes32 holder,uint64 request,bytes32 anchorsRoot,bytes32 locatorRoot',
  Envelope:
    'bytes32 networkId,uint256 chainId,bytes32 sender,uint32 keyEpoch,bytes32 recipient,uint16 messageType,bytes16 correlationId,uint64 term,uint64 expiry,bytes32 bodyHash',
  RotateSigningKey:
    'bytes32 networkId,uint256 chainId,bytes32 nodeId,address signingKey,uint32 keyEpoch',
  Proposal: 'bytes32 networkId,uint256 chainId,Call[] calls,uint256 nonce,uint64 expiry',
  Call: 'address target,bytes data',
  // Consent (domain/consentRules.ts says what the fields mean)
  Consent:
    'string statement,string language,uint16 template,address patient,bytes32 guardianship,bytes32 grantee,string granteeName,string purpose,string[] actions,string[] categories,string[] sensitivity,bytes32[] anchors,bytes32[] authors,uint64 dataFrom,uint64 dataTo,Exception[] except,uint64 notBefore,uint64 notAfter,uint64 submitBy,uint64 epoch,uint256 nonce,bytes32 home,string[] networkNames,NetworkScope[] networks',
  Exception: 'bytes32[] readers,string[] categories,string[] sensitivity,bytes32[] anchors',
  NetworkScope: 'uint256 chainId,bytes32 networkId,address registry,bytes32 patientId,bytes32 salt',
  Guardianship:
    'string statement,string language,uint16 template,address patient,address delegate,string role,string[] categories,string[] actions,uint64 notBefore,uint64 notAfter,uint64 epoch,uint256 nonce,bytes32 home,string[] networkNames,NetworkScope[] networks',
  RevokeConsent: 'address account,bytes32 digest',
  RevokeAll: 'address account,uint64 minEpoch',
  // Reading
  ReadRequest:
    'bytes32 networkId,uint256 chainId,bytes32 holder,bytes32 reader,bytes32 basis,string purpose,bytes32[] anchors,bytes32 kemKeyId,uint64 expiry,uint256 nonce',
  AccessReceipt:
    'bytes32 networkId,uint256 chainId,bytes32 holder,bytes32 basis,bytes32 reader,bytes32 requestDigest,bytes32 recordListRoot,uint64 n,uint64 blockNumber,bytes32 blockHash',
  ReaderFetch:
    'bytes32 networkId,uint256 chainId,bytes32 reader,bytes32 gateway,bytes32 requestDigest,uint64 expiry,uint256 nonce',
  Route: 'bytes32 networkId,uint256 chainId,bytes32 digest,bytes32 holder,uint64 expiry',
  // Erasure
  EraseRecords: 'bytes32 networkId,uint256 chainId,bytes32 patientId,uint64 seq,bytes32[] anchors',
  ErasureReceipt:
    'bytes32 networkId,uint256 chainId,bytes32 holder,bytes32 requestDigest,bytes32[] anchors,uint64 erasedAt',
  // The patient's account and what guards it
  SetInboxKey: 'bytes32 networkId,uint256 chainId,bytes32 patientId,uint64 seq,bytes32 kemKeyHash',
  SetGuardians:
    'bytes32 networkId,uint256 chainId,bytes32 patientId,uint64 seq,bytes32 guardiansRoot,uint8 threshold,uint32 delay',
  RecoverAuthority:
    'bytes32 networkId,uint256 chainId,bytes32 patientId,uint64 seq,address authority',
  VetoRecovery: 'bytes32 networkId,uint256 chainId,bytes32 patientId,uint64 seq',
  FreezeAuthority: 'bytes32 networkId,uint256 chainId,bytes32 patientId,uint64 seq,uint32 duration',
  PatientRow: 'bytes32 networkId,bytes32 patientId',
  SetAuthority: 'address account,address authority,uint256 nonce,PatientRow[] rows',
  InboxToken:
    'bytes32 networkId,uint256 chainId,bytes32 patientId,bytes32 audience,uint64 expiry,uint256 nonce',
  RecoveryRequest:
    'bytes32 networkId,uint256 chainId,bytes32 patientId,bytes32 custodian,bytes32 kemKeyHash,uint64 expiry,uint256 nonce',
  // Emergency
  ClinicianLicence:
    'bytes32 networkId,uint256 chainId,bytes32 node,string clinician,string licence,bytes32 kemKeyHash,uint64 notAfter',
  EmergencyRequest:
    'bytes32 networkId,uint256 chainId,bytes32 requester,bytes32 patientId,bytes32 licenceDigest,string reason,uint64 requestedAt,uint64 expiry,bytes32 salt',
} as const;

type Structs = typeof structs;

/** Name of a struct. */
export type StructName = keyof Structs;

/** The TypeScript value of a Solidity type: up to 32 bits number, above bigint, bytes and addresses hex. */
type ValueOf<T extends string> = T extends `${infer Item}[]`
  ? readonly ValueOf<Item>[]
  : T extends StructName
    ? MessageOf<T>
    : T extends 'string'
      ? string
      : T extends 'uint8' | 'uint16' | 'uint32'
        ? number
        : T extends `uint${number}`
          ? bigint
          : T extends 'bytes' | 'address' | `bytes${number}`
            ? Hex
            : never;

type FieldsOf<S extends string> = S extends `${infer First},${infer Rest}`
  ? FieldsOf<First> & FieldsOf<Rest>
  : S extends `${infer Type} ${infer Name}`
    ? { readonly [Key in Name]: ValueOf<Type> }
    : never;

/** The fields of a struct, ready to be signed. */
export type MessageOf<N extends StructName> = {
  readonly [Key in keyof FieldsOf<Structs[N]>]: FieldsOf<Structs[N]>[Key];
};

export type OpenPatient = MessageOf<'OpenPatient'>;
export type SetRelations = MessageOf<'SetRelations'>;
export type ScopeEpoch = MessageOf<'ScopeEpoch'>;
export type Enrollment = MessageOf<'Enrollment'>;
export type Withdrawal = MessageOf<'Withdrawal'>;
export type Package = MessageOf<'Package'>;
/** The typed data an author's node signs for each record; lies with its signature in the sealed inner header. */
export type RecordMessage = MessageOf<'Record'>;
export type RecordBatch = MessageOf<'RecordBatch'>;
export type StorageReceipt = MessageOf<'StorageReceipt'>;
/** The typed data of a courier envelope. */
export type EnvelopeMessage = MessageOf<'Envelope'>;
export type RotateSigningKey = MessageOf<'RotateSigningKey'>;
export type Proposal = MessageOf<'Proposal'>;
export type Consent = MessageOf<'Consent'>;
export type Exception = MessageOf<'Exception'>;
/** A network that a consent is for, with her pseudonym there. */
export type NetworkScope = MessageOf<'NetworkScope'>;
export type Guardianship = MessageOf<'Guardianship'>;
export type ReadRequest = MessageOf<'ReadRequest'>;
export type AccessReceipt = MessageOf<'AccessReceipt'>;
export type EraseRecords = MessageOf<'EraseRecords'>;
export type ErasureReceipt = MessageOf<'ErasureReceipt'>;
export type SetAuthority = MessageOf<'SetAuthority'>;
export type ClinicianLicence = MessageOf<'ClinicianLicence'>;
export type EmergencyRequest = MessageOf<'EmergencyRequest'>;

/** One field of a struct. */
export interface Field {
  readonly name: string;
  readonly type: string;
}

/** The fields of a struct in signing order. */
export function fieldsOf(name: StructName): readonly Field[] {
  return structs[name].split(',').map((field) => {
    const [type = '', fieldName = ''] = field.split(' ');
    return { name: fieldName, type };
  });
}

/** Whether a type of a field is one of the structs. */
export const isStructName = (type: string): type is StructName => Object.hasOwn(structs, type);
