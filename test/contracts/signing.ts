import { AbiCoder, id, keccak256, Wallet } from 'ethers';
import type { TypedDataField } from 'ethers';
import { fieldsOf } from '../../src/wire/typedDataStructs.ts';

export const FEDERATION = id('federation');
export const NETWORK = id('network');
export const CHAIN = 1001;
export const FAR = 2n ** 63n;

export const domain = { name: 'Carelattice', version: '1', salt: FEDERATION };

/** Of every struct that an edge contract reads. */
export const typesOf = {
  OpenPatient: { OpenPatient: [...fieldsOf('OpenPatient')] },
  SetRelations: { SetRelations: [...fieldsOf('SetRelations')] },
  ScopeEpoch: { ScopeEpoch: [...fieldsOf('ScopeEpoch')] },
  Proposal: { Proposal: [...fieldsOf('Proposal')], Call: [...fieldsOf('Call')] },
  RotateSigningKey: { RotateSigningKey: [...fieldsOf('RotateSigningKey')] },
  RevokeConsent: { RevokeConsent: [...fieldsOf('RevokeConsent')] },
  RevokeAll: { RevokeAll: [...fieldsOf('RevokeAll')] },
  SetAuthority: {
    SetAuthority: [...fieldsOf('SetAuthority')],
    PatientRow: [...fieldsOf('PatientRow')],
  },
  SetGuardians: { SetGuardians: [...fieldsOf('SetGuardians')] },
  RecoverAuthority: { RecoverAuthority: [...fieldsOf('RecoverAuthority')] },
  VetoRecovery: { VetoRecovery: [...fieldsOf('VetoRecovery')] },
  FreezeAuthority: { FreezeAuthority: [...fieldsOf('FreezeAuthority')] },
  SetInboxKey: { SetInboxKey: [...fieldsOf('SetInboxKey')] },
} satisfies Record<string, Record<string, TypedDataField[]>>;

export type Signed = keyof typeof typesOf;
export type Message = Readonly<Record<string, unknown>>;

/** `networkId` and `chainId` are ours unless the message says otherwise; not every struct has them. */
export const sign = (
  by: Wallet,
  name: Signed,
  message: Message,
  by_domain: object = domain,
): Promise<string> =>
  by.signTypedData(by_domain, typesOf[name], { networkId: NETWORK, chainId: CHAIN, ...message });

/** The same wallet in every run. */
export const walletOf = (name: string): Wallet => new Wallet(id(name));

export interface ProposedCall {
  readonly target: string;
  readonly data: string;
}

/** The members' signatures as `Consortium.execute` takes them. */
export async function agreed(
  members: readonly Wallet[],
  calls: readonly ProposedCall[],
  nonce: bigint,
  expiry = FAR,
): Promise<string> {
  const sorted = [...members].sort((a, b) =>
    keccak256(a.address) < keccak256(b.address) ? -1 : 1,
  );
  const message = { calls, nonce, expiry };
  const signatures = await Promise.all(sorted.map((member) => sign(member, 'Proposal', message)));
  const signers = sorted.map((member) => member.address);
  return AbiCoder.defaultAbiCoder().encode(['bytes[]', 'bytes[]'], [signers, signatures]);
}
