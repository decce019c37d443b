import { expect } from 'chai';
import {
  freezeAuthorityFields,
  freezeAuthorityItem,
  keySigner,
  recoverAuthorityFields,
} from '../../../../src/client/account/authorityMessages.ts';
import {
  approve,
  type GuardianApproval,
  guardianApproval,
  guardianCard,
  type GuardianCard,
  guardianCards,
  guardiansRoot,
  joinApprovals,
  newCircle,
  readGuardianFile,
} from '../../../../src/client/account/guardians.ts';
import { fromHex, type Hex, toHex, ZERO_32 } from '../../../../src/hash/bytes.ts';
import { isInTree } from '../../../../src/hash/merkleTree.ts';
import { guardianLeaf } from '../../../../src/wire/leaves.ts';
import { typedDigest } from '../../../../src/wire/typedData.ts';
import { codeOf } from '../../../support/codeOf.ts';

const id = (byte: string): Hex => `0x${byte.repeat(32)}`;
const filled = (size: number): Uint8Array => new Uint8Array(size).fill(7);
const keys = ['01', '02', '03', '04', '05'].map(id);
const signers = keys.map(keySigner);
const accounts = signers.map(({ account }) => account);
const patient = {
  federationId: id('f0'),
  networkId: id('0e'),
  chainId: 1001,
  patientId: id('aa'),
};
const circle = newCircle(accounts, { threshold: 3, delay: 60 }, filled);
const cards = guardianCards(patient, circle);
const freeze = freezeAuthorityFields(patient, 1n, 3600);
const digest = typedDigest('FreezeAuthority', patient.federationId, freeze);

const cardOf = (index: number): GuardianCard => {
  const card = cards[index];
  if (card === undefined) throw new Error('five cards');
  return card;
};
const approvalOf = (index: number, over = freeze, card = cardOf(index)): GuardianApproval =>
  approve(card, (bytes) => signers[index]?.sign(bytes) ?? '0x', 'FreezeAuthority', over);

describe('guardians', () => {
  it('stand under a root that shows none of their accounts', () => {
    const root = guardiansRoot(patient.patientId, circle);
    for (const { account, salt, proof, patientId } of cards) {
      const leaf = guardianLeaf({ patientId, account, salt });
      const path = proof.map((hash) => fromHex(hash, 32));
      expect(isInTree(leaf, path, fromHex(root, 32))).to.equal(true);
    }
    expect(guardiansRoot(id('bb'), circle)).to.not.equal(root);
    expect(guardiansRoot(patient.patientId, undefined)).to.equal(ZERO_32);
  });

  it('are 2 to 16 different people, of whom 2 or more act together, within 30 days', async () => {
    const refused: readonly [readonly Hex[], { threshold: number; delay?: number }][] = [
      [accounts, { threshold: 1 }],
      [accounts, { threshold: 0 }],
      [accounts, { threshold: 2.5 }],
      [accounts, { threshold: 6 }],
      [accounts.slice(0, 1), { threshold: 2 }],
      [[...accounts, ...accounts], { threshold: 3 }],
      [
        Array.from({ length: 17 }, (_, i) => keySigner(id((16 + i).toString(16))).account),
        { threshold: 3 },
      ],
      [accounts, { threshold: 3, delay: 0 }],
      [accounts, { threshold: 3, delay: 31 * 86_400 }],
    ];
    for (const [people, terms] of refused) {
      const code = await codeOf(() => newCircle(people, terms, filled));
      expect(code).to.equal('BadGuardianCircle');
    }
  });

  it('give approvals that join in the order that the contract wants, each once', () => {
    const all = [4, 0, 2, 0].map((index) => approvalOf(index));
    const joined = joinApprovals(patient, 3, digest, all);
    const ascending = [...joined].sort((a, b) => (a.account < b.account ? -1 : 1));
    expect(joined).to.deep.equal(ascending);
    expect(new Set(joined.map(({ account }) => account)).size).to.equal(3);
    const item = freezeAuthorityItem(patient, freeze, { threshold: 3, approvals: all });
    expect(item.words).to.deep.equal([
      patient.patientId,
      toHex(new Uint8Array(32).fill(1, 31)),
      `0x${(3600).toString(16).padStart(64, '0')}`,
    ]);
  });

  it('are too few below the threshold, whoever approves twice', async () => {
    const twice = [approvalOf(0), approvalOf(1), approvalOf(1)];
    const code = await codeOf(() => joinApprovals(patient, 3, digest, twice));
    expect(code).to.equal('TooFewGuardians');
  });

  it('count for the message, patient and network that they approved, for no other', async () => {
    const wrong: readonly GuardianApproval[] = [
      approvalOf(2, { ...freeze, seq: 2n }),
      approvalOf(2, freeze, { ...cardOf(2), patientId: id('bb') }),
      approvalOf(2, freeze, { ...cardOf(2), networkId: id('0f') }),
      approve(
        cardOf(2),
        (bytes) => signers[2]?.sign(bytes) ?? '0x',
        'RecoverAuthority',
        recoverAuthorityFields(patient, 1n, accounts[0] ?? '0x'),
      ),
    ];
    for (const one of wrong) {
      const given = [approvalOf(0), approvalOf(1), one];
      const code = await codeOf(() => joinApprovals(patient, 3, digest, given));
      expect(code).to.equal('ApprovalMismatch');
    }
  });

  it('pass their cards and approvals as JSON, and refuse what was edited out of form', async () => {
    const [card, approval] = [cardOf(0), approvalOf(0)];
    expect(readGuardianFile(guardianCard, JSON.stringify(card))).to.deep.equal(card);
    expect(readGuardianFile(guardianApproval, JSON.stringify(approval))).to.deep.equal(approval);
    const { salt: _, ...without } = card;
    for (const text of [
      '',
      '{}',
      JSON.stringify(without),
      JSON.stringify({ ...card, more: 1 }),
      JSON.stringify({ ...card, account: card.account.toUpperCase() }),
      JSON.stringify({ ...card, proof: Array.from({ length: 9 }, () => ZERO_32) }),
      JSON.stringify(approval),
    ]) {
      const code = await codeOf(() => readGuardianFile(guardianCard, text));
      expect(code).to.equal('BadGuardianFile');
    }
  });
});
