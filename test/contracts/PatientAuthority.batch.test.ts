import { expect } from 'chai';
import { concat, id, toBeHex, ZeroHash } from 'ethers';
import {
  alice,
  aliceId,
  circle,
  DAY,
  next,
  rowOf,
  setup,
  thief,
  three,
} from './authorityFixture.ts';
import type { Scene } from './authorityFixture.ts';
import { digestOf, itemOf } from './guardians.ts';
import { sign } from './signing.ts';

type Item = ReturnType<typeof itemOf>;

/** One good item of each kind, in an order in which they can follow each other. */
async function allKinds({ registry, signaturesOver }: Scene): Promise<readonly Item[]> {
  const { root, threshold, delay } = circle;
  const call = registry.interface;
  const here = { patientId: aliceId };
  const named = { ...here, seq: 1n, guardiansRoot: root, threshold, delay };
  const rows = [rowOf(id('elsewhere'), id('elsewhere')), rowOf(aliceId)];
  const moved = { account: alice.address, authority: next.address, nonce: 5n, rows };
  const recovered = { ...here, seq: 1n, authority: thief.address };
  const frozen = { ...here, seq: 2n, duration: DAY };
  return [
    itemOf(
      8,
      call.encodeFunctionData('setGuardians', [
        aliceId,
        1n,
        root,
        threshold,
        delay,
        signaturesOver(digestOf('SetGuardians', named), { owner: alice }),
      ]),
      5,
    ),
    itemOf(
      12,
      call.encodeFunctionData('setInboxKey', [
        aliceId,
        2n,
        id('key'),
        await sign(alice, 'SetInboxKey', { ...here, seq: 2n, kemKeyHash: id('key') }),
      ]),
      3,
    ),
    itemOf(
      9,
      call.encodeFunctionData('recoverAuthority', [
        aliceId,
        1n,
        thief.address,
        signaturesOver(digestOf('RecoverAuthority', recovered), {
          successor: thief,
          guardians: three,
        }),
      ]),
      3,
    ),
    itemOf(
      10,
      call.encodeFunctionData('vetoRecovery', [
        aliceId,
        3n,
        await sign(alice, 'VetoRecovery', { ...here, seq: 3n }),
      ]),
      2,
    ),
    itemOf(
      7,
      call.encodeFunctionData('setAuthority', [
        alice.address,
        next.address,
        5n,
        rows,
        signaturesOver(digestOf('SetAuthority', moved), {
          owner: alice,
          successor: next,
          guardians: three,
        }),
      ]),
      // Account, authority, nonce, two offsets, the count and the rows.
      10,
    ),
    itemOf(
      11,
      call.encodeFunctionData('freezeAuthority', [
        aliceId,
        2n,
        DAY,
        signaturesOver(digestOf('FreezeAuthority', frozen), { guardians: three }),
      ]),
      3,
    ),
  ];
}

const namesOf = async (scene: Scene, blockNumber: number | null) => {
  const { patients } = scene;
  const refused = await patients.queryFilter(patients.filters.ItemRefused, blockNumber ?? 0);
  return refused.map(({ args }) => [
    Number(args.index),
    patients.interface.getError(args.reason)?.name,
  ]);
};

describe('PatientAuthority in a PatientBatch', () => {
  it('applies each kind as its own function does', async () => {
    const scene = await setup();
    const items = await allKinds(scene);
    const sent = await scene.patients.connect(scene.hospitalA).submitBatch([...items]);
    expect(await namesOf(scene, sent.blockNumber)).to.deep.equal([]);
    expect(await scene.authority()).to.equal(next.address);
    const { ownerSeq, guardianSeq, frozenUntil } = await scene.guard();
    expect([ownerSeq, guardianSeq]).to.deep.equal([3n, 2n]);
    expect(frozenUntil).to.not.equal(0n);
  });

  it('does not care where the line between words and signature is drawn', async () => {
    const scene = await setup();
    const shifted = (await allKinds(scene)).map((item) => ({
      kind: item.kind,
      words: [] as string[],
      signature: concat([...item.words, item.signature]),
    }));
    const sent = await scene.patients.connect(scene.hospitalA).submitBatch(shifted);
    expect(await namesOf(scene, sent.blockNumber)).to.deep.equal([]);
  });

  it('hostile 24: skips every bad item, whatever is wrong with its bytes; the rest goes on', async () => {
    const scene = await setup();
    const good = await allKinds(scene);
    const large = toBeHex(2n ** 255n, 32);
    const bad = good.flatMap((item) => [
      { ...item, words: item.words.slice(1) },
      { ...item, words: [] as string[], signature: '0x' },
      { ...item, signature: '0x' },
      { ...item, signature: item.signature.slice(0, 70) },
      { ...item, signature: concat([large, `0x${item.signature.slice(66)}`]) },
      { ...item, words: [...item.words, large] },
      { ...item, words: item.words.map(() => large) },
      { ...item, words: item.words.map(() => ZeroHash) },
    ]);
    const registry = scene.patients.connect(scene.hospitalA);
    const sent = await registry.submitBatch([...bad, ...good]);
    const refused = await namesOf(scene, sent.blockNumber);
    expect(refused.map(([index]) => index)).to.deep.equal(bad.map((_, index) => index));
    expect(refused.map(([, name]) => name)).to.include('MalformedItem');
    expect(await scene.authority()).to.equal(next.address);
  });

  it('hostile 12: changes nothing when every item comes again', async () => {
    const scene = await setup();
    const items = await allKinds(scene);
    const registry = scene.patients.connect(scene.hospitalA);
    await registry.submitBatch([...items]);
    const before = [...(await scene.guard())];
    const sent = await registry.submitBatch([...items]);
    expect(await namesOf(scene, sent.blockNumber)).to.have.length(items.length);
    expect([...(await scene.guard())]).to.deep.equal(before);
  });

  it('is not refused for want of gas: then the whole batch fails, and estimates find enough', async () => {
    const scene = await setup();
    const items = await allKinds(scene);
    const registry = scene.patients.connect(scene.hospitalA);
    const enough = await registry.submitBatch.estimateGas([...items]);
    const sent = await registry.submitBatch([...items], { gasLimit: enough });
    expect(await namesOf(scene, sent.blockNumber)).to.deep.equal([]);
    for (const part of [4n, 8n, 12n, 15n]) {
      const again = await setup();
      const gasLimit = (enough * part) / 16n;
      const outcome = await again.patients
        .connect(again.hospitalA)
        .submitBatch([...items], { gasLimit })
        .then(
          () => 'applied',
          () => 'reverted',
        );
      expect([outcome, await namesOf(again, null)]).to.deep.equal(['reverted', []]);
    }
  });
});
