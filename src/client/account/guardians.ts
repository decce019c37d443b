import { z } from 'zod';
import { CarelatticeError } from '../../errors.ts';
import { type Hex, toHex, ZERO_32 } from '../../hash/bytes.ts';
import { merkleTree } from '../../hash/merkleTree.ts';
import { guardianLeaf } from '../../wire/leaves.ts';
import { type MessageOf, type StructName, typedDigest } from '../../wire/typedData.ts';
import { accountJson, hex32Json, hexJson } from '../../wire/typedDataJson.ts';

/**
 * People whom a patient names to help her back to her account, or to freeze it: `threshold` of them act together. What
 * passes between her and them is JSON, sent by any means; each signs with her own account.
 */

export interface GuardianCircle {
  threshold: number;
  /** Seconds that a change without them waits. */
  delay: number;
  guardians: { account: Hex; salt: Hex }[];
}

const DAY = 86_400;
const FEWEST = 2;
const MOST = 16;
const LONGEST_DELAY = 30 * DAY;

/**
 * @param accounts of 2 to 16 people, the patient's own not among them
 * @param delay seconds, at most 30 days; by default 3 days
 * @throws `BadGuardianCircle`
 */
export function newCircle(
  accounts: readonly Hex[],
  { threshold, delay = 3 * DAY }: { threshold: number; delay?: number },
  random: (size: number) => Uint8Array,
): GuardianCircle {
  const guardians = accounts.map((account) => ({
    account: account.toLowerCase() as Hex, // stays hex
    salt: toHex(random(32)),
  }));
  const circle = { threshold, delay, guardians };
  assertCircle(circle);
  return circle;
}

function assertCircle({ threshold, delay, guardians }: GuardianCircle): void {
  const bad = (problem: string): CarelatticeError =>
    new CarelatticeError('BadGuardianCircle', `these guardians cannot be named: ${problem}`, {
      facts: { guardians: guardians.length, threshold, delay },
    });
  if (new Set(guardians.map(({ account }) => account)).size !== guardians.length)
    throw bad('one of them comes twice');
  if (guardians.length > MOST) throw bad(`there are more than ${MOST}`);
  if (!Number.isInteger(threshold) || threshold < FEWEST)
    throw bad('fewer than two of them could act');
  if (threshold > guardians.length) throw bad('more would have to act than there are');
  if (!Number.isInteger(delay) || delay < 1 || delay > LONGEST_DELAY)
    throw bad('the delay is not one of 1 second to 30 days');
}

const treeOf = (patientId: Hex, { guardians }: GuardianCircle) =>
  merkleTree(guardians.map((guardian) => guardianLeaf({ patientId, ...guardian })));

/** The root that the chain keeps; zero without guardians. */
export const guardiansRoot = (patientId: Hex, circle: GuardianCircle | undefined): Hex =>
  circle === undefined ? ZERO_32 : toHex(treeOf(patientId, circle).root);

const place = {
  federationId: hex32Json,
  networkId: hex32Json,
  patientId: hex32Json,
  account: accountJson,
  salt: hex32Json,
  proof: z.array(hex32Json).max(8),
};

/** What a guardian keeps of a patient. It opens nothing; it shows that she is one. */
export const guardianCard = z.strictObject({
  form: z.literal('carelattice/guardian-card/1'),
  ...place,
  chainId: z.int().positive(),
  threshold: z.int().positive(),
  delay: z.int().positive(),
});
/** A guardian's word for one message about a patient's account. */
export const guardianApproval = z.strictObject({
  form: z.literal('carelattice/guardian-approval/1'),
  ...place,
  message: z.enum(['RecoverAuthority', 'FreezeAuthority', 'SetAuthority', 'SetGuardians']),
  /** EIP-712 digest that she signed. */
  digest: hex32Json,
  signature: hexJson,
});

export type GuardianCard = z.infer<typeof guardianCard>;
export type GuardianApproval = z.infer<typeof guardianApproval>;
/** What guardians sign. */
export type ApprovedName = GuardianApproval['message'] & StructName;

/** A patient in one network. */
export interface GuardedPatient {
  readonly federationId: Hex;
  readonly networkId: Hex;
  readonly chainId: number;
  readonly patientId: Hex;
}

/** The card of each guardian, in the circle's order. */
export function guardianCards(network: GuardedPatient, circle: GuardianCircle): GuardianCard[] {
  const { federationId, networkId, chainId, patientId } = network;
  const { threshold, delay } = circle;
  const tree = treeOf(patientId, circle);
  return circle.guardians.map((guardian, index) => ({
    form: 'carelattice/guardian-card/1',
    federationId,
    networkId,
    chainId,
    patientId,
    ...guardian,
    proof: tree.proof(index).map(toHex),
    threshold,
    delay,
  }));
}

/**
 * A guardian's approval. She has to be sure by another way (she knows the patient's voice) that it is the patient who
 * asks, and that the account in the message is hers.
 * @param sign signs a digest with the guardian's account: her key, or what her contract wallet listens to
 */
export function approve<N extends ApprovedName>(
  card: GuardianCard,
  sign: (digest: Uint8Array) => Hex,
  name: N,
  message: MessageOf<N>,
): GuardianApproval {
  const { federationId, networkId, patientId, account, salt, proof } = card;
  const digest = typedDigest(name, federationId, message);
  return {
    form: 'carelattice/guardian-approval/1',
    federationId,
    networkId,
    patientId,
    account,
    salt,
    proof,
    message: name,
    digest: toHex(digest),
    signature: sign(digest),
  };
}

/**
 * As many approvals of one message as are needed, as the contract takes them: ascending by account, each once.
 * @throws `ApprovalMismatch` when one is for another message or patient, `TooFewGuardians`
 */
export function joinApprovals(
  { networkId, patientId }: Pick<GuardedPatient, 'networkId' | 'patientId'>,
  threshold: number,
  digest: Uint8Array,
  approvals: readonly GuardianApproval[],
): GuardianApproval[] {
  for (const { account, ...approval } of approvals) {
    const isOf = approval.patientId === patientId && approval.networkId === networkId;
    if (!isOf || approval.digest !== toHex(digest)) {
      throw new CarelatticeError(
        'ApprovalMismatch',
        isOf
          ? 'a guardian approved another message; ask her for this one'
          : 'an approval is for another patient or network',
        { facts: { account, message: approval.message } },
      );
    }
  }
  const byAccount = new Map(approvals.map((approval) => [approval.account, approval]));
  const joined = [...byAccount.values()]
    .sort((a, b) => (BigInt(a.account) < BigInt(b.account) ? -1 : 1))
    .slice(0, threshold);
  if (joined.length < threshold) {
    throw new CarelatticeError('TooFewGuardians', 'more guardians have to approve', {
      facts: { given: joined.length, needed: threshold },
    });
  }
  return joined;
}

/** A card or an approval from its JSON. @throws `BadGuardianFile` naming the field */
export function readGuardianFile<T>(schema: z.ZodType<T>, text: string): T {
  const refused = (field: string): CarelatticeError =>
    new CarelatticeError(
      'BadGuardianFile',
      'this is no card, account, request or approval of a guardian',
      {
        facts: { field },
      },
    );
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw refused('the whole: no JSON');
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw refused(parsed.error.issues[0]?.path.join('.') ?? '');
  return parsed.data;
}
