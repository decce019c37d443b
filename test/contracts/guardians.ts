import { AbiCoder, concat, id, keccak256, TypedDataEncoder, ZeroHash } from 'ethers';
import type { Wallet } from 'ethers';
import { fromHex, toHex } from '../../src/hash/bytes.ts';
import type { Hex } from '../../src/hash/bytes.ts';
import { merkleTree } from '../../src/hash/merkleTree.ts';
import { CHAIN, domain, NETWORK, typesOf } from './signing.ts';
import type { Message, Signed } from './signing.ts';

/** Guardians of one patient, as the contract knows them. */
export interface Circle {
  readonly root: string;
  readonly threshold: number;
  readonly delay: number;
  /** An account's place under the root. */
  seat(account: string): { salt: string; proof: string[] };
}

export interface Approval {
  readonly account: string;
  readonly salt: string;
  readonly proof: string[];
  readonly signature: string;
}

export interface Signatures {
  readonly owner: string;
  readonly successor: string;
  readonly guardians: Approval[];
}

const abi = AbiCoder.defaultAbiCoder();
const hex = (text: string): Hex => text as Hex; // ethers gives lower-case hex

const saltOf = (account: string): string => id(`salt of ${account.toLowerCase()}`);

export const leafOf = (patientId: string, account: string, salt: string): string =>
  keccak256(abi.encode(['bytes32', 'address', 'bytes32'], [patientId, account, salt]));

export function circleOf(
  patientId: string,
  accounts: readonly string[],
  threshold: number,
  delay: number,
): Circle {
  const tree = merkleTree(
    accounts.map((account) => fromHex(hex(leafOf(patientId, account, saltOf(account))))),
  );
  return {
    root: accounts.length === 0 ? ZeroHash : toHex(tree.root),
    threshold,
    delay,
    seat: (account) => ({
      salt: saltOf(account),
      proof: tree.proof(accounts.indexOf(account)).map(toHex),
    }),
  };
}

/** Signs a digest for an account: a wallet of its own, or a contract that listens to one. */
export interface Guardian {
  readonly account: string;
  sign(digest: string): string;
}

export const guardianOf = (wallet: Wallet): Guardian => ({
  account: wallet.address,
  sign: (digest) => wallet.signingKey.sign(digest).serialized,
});

export const digestOf = (name: Signed, message: Message): string =>
  TypedDataEncoder.hash(domain, typesOf[name], { networkId: NETWORK, chainId: CHAIN, ...message });

/** Approvals as the contract wants them: ascending by account. */
export function approvals(
  circle: Circle,
  guardians: readonly Guardian[],
  digest: string,
): Approval[] {
  return [...guardians]
    .sort((a, b) => (a.account.toLowerCase() < b.account.toLowerCase() ? -1 : 1))
    .map((guardian) => ({
      account: guardian.account,
      ...circle.seat(guardian.account),
      signature: guardian.sign(digest),
    }));
}

export const NONE: Signatures = { owner: '0x', successor: '0x', guardians: [] };

/** The parts of an item whose words and signature, one behind the other, are encoded arguments. */
export function itemOf(kind: number, encodedCall: string, words: number) {
  const body = `0x${encodedCall.slice(10)}`;
  return {
    kind,
    words: Array.from({ length: words }, (_, i) => `0x${body.slice(2 + 64 * i, 66 + 64 * i)}`),
    signature: concat([`0x${body.slice(2 + 64 * words)}`]),
  };
}
