import { fromHex, toHex } from '../hash/bytes.ts';
import type { Hex } from '../hash/bytes.ts';
import { keccak256 } from '../hash/keccak.ts';
import { abiEncode } from '../wire/abi.ts';
import { typedDigest } from '../wire/typedData.ts';
import type { Manifest } from './manifest.ts';

/** One call that a consortium makes. */
export interface ProposedCall {
  readonly target: Hex;
  readonly data: Hex;
}

/** What the members of a consortium sign: calls made together or not at all. `expiry` is Unix time. */
export interface ConsortiumProposal {
  readonly calls: readonly ProposedCall[];
  /** Any number that was not used before. */
  readonly nonce: bigint;
  readonly expiry: bigint;
}

export interface MemberSignature {
  readonly account: Hex;
  /** 65 bytes over `proposalDigest`. */
  readonly signature: Hex;
}

/** The EIP-712 digest of a proposal, 32 bytes. */
export const proposalDigest = (
  network: Pick<Manifest, 'federationId' | 'networkId' | 'chainId'>,
  proposal: ConsortiumProposal,
): Uint8Array =>
  typedDigest('Proposal', network.federationId, {
    networkId: network.networkId,
    chainId: BigInt(network.chainId),
    ...proposal,
  });

/** The signatures as `Consortium.execute` takes them: signers by rising keccak256 (ERC-7913). */
export function agreementOf(signatures: readonly MemberSignature[]): Hex {
  const sorted = signatures
    .map((signed) => ({ ...signed, order: toHex(keccak256(fromHex(signed.account, 20))) }))
    .sort((a, b) => (a.order < b.order ? -1 : 1));
  const columns = [sorted.map(({ account }) => account), sorted.map(({ signature }) => signature)];
  return toHex(abiEncode(['bytes[]', 'bytes[]'], columns));
}
