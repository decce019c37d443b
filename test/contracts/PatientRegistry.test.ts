import { expect } from 'chai';
import { AbiCoder, id, keccak256, toBeHex, zeroPadValue, ZeroAddress, ZeroHash } from 'ethers';
import type { Wallet } from 'ethers';
import { network } from 'hardhat';
import type { IPatientRegistry } from '../../typechain-types/edge/PatientRegistry.js';
import { deployEdge } from './deployEdge.ts';
import type { Edge } from './deployEdge.ts';
import { domain, NETWORK, sign, walletOf } from './signing.ts';
import type { Message } from './signing.ts';

const KIND = { open: 1, relations: 2, epoch: 3 } as const;
const alice = walletOf('Alice');
const bob = walletOf('Bob');
const idNonce = id('nonce');
const inboxKeyHash = id('inbox');
const handle = id('handle');

const patientIdOf = (authority: string, nonce = idNonce): string =>
  keccak256(
    AbiCoder.defaultAbiCoder().encode(
      ['bytes32', 'address', 'bytes32'],
      [NETWORK, authority, nonce],
    ),
  );
const aliceId = patientIdOf(alice.address);

const word = (value: bigint | number): string => toBeHex(value, 32);
const addressWord = (address: string): string => zeroPadValue(address, 32);

const opening = (by: Wallet, over: Message = {}): Promise<string> =>
  sign(by, 'OpenPatient', { authority: by.address, idNonce, inboxKeyHash, ...over });
const relating = (by: Wallet, seq: bigint, relationsDigest: string, over: Message = {}) =>
  sign(by, 'SetRelations', { patientId: aliceId, seq, relationsDigest, ...over });
const stepping = (by: Wallet, seq: bigint, epoch: number, commitment: string, over: Message = {}) =>
  sign(by, 'ScopeEpoch', { patientId: aliceId, seq, handle, epoch, commitment, ...over });

const openItem = async (by: Wallet) => ({
  kind: KIND.open,
  words: [addressWord(by.address), idNonce, inboxKeyHash],
  signature: await opening(by),
});
const relationsItem = async (by: Wallet, seq: bigint, digest: string) => ({
  kind: KIND.relations,
  words: [aliceId, word(seq), digest],
  signature: await relating(by, seq, digest),
});
const epochItem = async (by: Wallet, seq: bigint, epoch: number, commitment: string) => ({
  kind: KIND.epoch,
  words: [aliceId, word(seq), handle, word(epoch), commitment],
  signature: await stepping(by, seq, epoch, commitment),
});

describe('PatientRegistry', () => {
  const setup = async () => {
    const connection = await network.create('edge');
    const edge = await deployEdge(connection);
    return { ...edge, ...connection };
  };
  const openAlice = async ({ patients, stranger }: Edge) =>
    patients
      .connect(stranger)
      .openPatient(alice.address, idNonce, inboxKeyHash, await opening(alice));

  describe('openPatient', () => {
    it('computes the id; anyone may bring it', async () => {
      const edge = await setup();
      await expect(openAlice(edge))
        .to.emit(edge.patients, 'PatientOpened')
        .withArgs(aliceId, alice.address, inboxKeyHash);
      expect(await edge.patients.authorityOf(aliceId)).to.equal(alice.address);
      const block = await edge.ethers.provider.getBlockNumber();
      expect([...(await edge.patients.relationsOf(aliceId))]).to.deep.equal([
        ZeroHash,
        0n,
        BigInt(block),
      ]);
    });

    it('hostile 27: opens nobody twice', async () => {
      const edge = await setup();
      await openAlice(edge);
      await expect(openAlice(edge))
        .to.be.revertedWithCustomError(edge.patients, 'PatientExists')
        .withArgs(aliceId);
    });

    it('hostile 24: opens nobody who did not sign exactly this, here', async () => {
      const { patients } = await setup();
      const signatures = [
        await opening(bob),
        await opening(alice, { idNonce: id('other') }),
        await opening(alice, { inboxKeyHash: id('other') }),
        await opening(alice, { authority: bob.address }),
        await opening(alice, { networkId: id('elsewhere') }),
        await opening(alice, { chainId: 1002 }),
        await sign(
          alice,
          'OpenPatient',
          { authority: alice.address, idNonce, inboxKeyHash },
          {
            ...domain,
            salt: id('other federation'),
          },
        ),
        await sign(
          alice,
          'OpenPatient',
          { authority: alice.address, idNonce, inboxKeyHash },
          { ...domain, chainId: 1001 },
        ),
        '0x',
      ];
      for (const signature of signatures) {
        await expect(
          patients.openPatient(alice.address, idNonce, inboxKeyHash, signature),
        ).to.be.revertedWithCustomError(patients, 'BadSignature');
      }
      await expect(
        patients.openPatient(ZeroAddress, idNonce, inboxKeyHash, await opening(alice)),
      ).to.be.revertedWithCustomError(patients, 'BadSignature');
    });
  });

  describe('setRelations', () => {
    it('keeps digest, seq and block; anyone may bring it', async () => {
      const edge = await setup();
      const { patients, stranger, ethers } = edge;
      await openAlice(edge);
      const digest = id('relations');
      await expect(
        patients
          .connect(stranger)
          .setRelations(aliceId, 7, digest, await relating(alice, 7n, digest)),
      )
        .to.emit(patients, 'RelationsSet')
        .withArgs(aliceId, 7, digest);
      const block = BigInt(await ethers.provider.getBlockNumber());
      expect([...(await patients.relationsOf(aliceId))]).to.deep.equal([digest, 7n, block]);
      expect(await patients.authorityOf(aliceId)).to.equal(alice.address);
    });

    it('hostile 27: seq only rises', async () => {
      const edge = await setup();
      const { patients } = edge;
      await openAlice(edge);
      await patients.setRelations(aliceId, 7, id('7'), await relating(alice, 7n, id('7')));
      for (const seq of [0n, 6n, 7n]) {
        await expect(
          patients.setRelations(aliceId, seq, id('x'), await relating(alice, seq, id('x'))),
        )
          .to.be.revertedWithCustomError(patients, 'OldSeq')
          .withArgs(aliceId, seq, 7n);
      }
      await patients.setRelations(aliceId, 8, ZeroHash, await relating(alice, 8n, ZeroHash));
      expect((await patients.relationsOf(aliceId)).relationsDigest).to.equal(ZeroHash);
    });

    it('hostile 18: seq cannot be used up by a thief', async () => {
      const edge = await setup();
      const { patients } = edge;
      await openAlice(edge);
      const far = 2n ** 20n + 1n;
      for (const seq of [far, 2n ** 64n - 1n]) {
        await expect(
          patients.setRelations(aliceId, seq, id('x'), await relating(alice, seq, id('x'))),
        )
          .to.be.revertedWithCustomError(patients, 'NumberTooFar')
          .withArgs(aliceId, seq);
      }
      await patients.setRelations(
        aliceId,
        far - 1n,
        id('x'),
        await relating(alice, far - 1n, id('x')),
      );
    });

    it('hostile 24: sets nothing that her authority did not sign', async () => {
      const edge = await setup();
      const { patients } = edge;
      await openAlice(edge);
      const digest = id('relations');
      for (const signature of [
        await relating(bob, 1n, digest),
        await relating(alice, 2n, digest),
        await relating(alice, 1n, id('other')),
        await relating(alice, 1n, digest, { patientId: id('other') }),
        await relating(alice, 1n, digest, { networkId: id('elsewhere') }),
        await relating(alice, 1n, digest, { chainId: 1002 }),
      ]) {
        await expect(
          patients.setRelations(aliceId, 1, digest, signature),
        ).to.be.revertedWithCustomError(patients, 'BadSignature');
      }
      const unknown = patientIdOf(bob.address);
      await expect(patients.setRelations(unknown, 1, digest, await relating(bob, 1n, digest)))
        .to.be.revertedWithCustomError(patients, 'UnknownPatient')
        .withArgs(unknown);
    });
  });

  describe('setScopeEpoch', () => {
    it('keeps epoch and commitment by handle', async () => {
      const edge = await setup();
      const { patients } = edge;
      await openAlice(edge);
      const commitment = id('commitment');
      await expect(
        patients.setScopeEpoch(
          aliceId,
          3,
          handle,
          1,
          commitment,
          await stepping(alice, 3n, 1, commitment),
        ),
      )
        .to.emit(patients, 'ScopeEpochSet')
        .withArgs(aliceId, handle, 1, commitment, 3);
      expect([...(await patients.scopeEpochOf(aliceId, handle))]).to.deep.equal([
        1n,
        commitment.slice(0, 58),
      ]);
      expect((await patients.scopeEpochOf(aliceId, id('other'))).epoch).to.equal(0n);
    });

    it('hostile 27: the epoch only rises, whatever the seq', async () => {
      const edge = await setup();
      const { patients } = edge;
      await openAlice(edge);
      const set = async (seq: bigint, epoch: number) =>
        patients.setScopeEpoch(
          aliceId,
          seq,
          handle,
          epoch,
          id('c'),
          await stepping(alice, seq, epoch, id('c')),
        );
      await expect(set(1n, 0)).to.be.revertedWithCustomError(patients, 'OldEpoch');
      await set(1n, 5);
      await expect(set(9n, 5))
        .to.be.revertedWithCustomError(patients, 'OldEpoch')
        .withArgs(aliceId, handle, 5, 5);
      await expect(set(9n, 4)).to.be.revertedWithCustomError(patients, 'OldEpoch');
      await set(0n, 6);
    });

    it('hostile 18: epochs cannot be used up by a thief', async () => {
      const edge = await setup();
      const { patients } = edge;
      await openAlice(edge);
      for (const epoch of [2 ** 20 + 1, 2 ** 32 - 1]) {
        const signature = await stepping(alice, 1n, epoch, id('c'));
        await expect(patients.setScopeEpoch(aliceId, 1n, handle, epoch, id('c'), signature))
          .to.be.revertedWithCustomError(patients, 'NumberTooFar')
          .withArgs(aliceId, epoch);
      }
    });

    it('hostile 24: steps nothing that her authority did not sign', async () => {
      const edge = await setup();
      const { patients } = edge;
      await openAlice(edge);
      for (const signature of [
        await stepping(bob, 1n, 1, id('c')),
        await stepping(alice, 2n, 1, id('c')),
        await stepping(alice, 1n, 2, id('c')),
        await stepping(alice, 1n, 1, id('other')),
        await stepping(alice, 1n, 1, id('c'), { handle: id('other') }),
        await stepping(alice, 1n, 1, id('c'), { patientId: id('other') }),
      ]) {
        await expect(
          patients.setScopeEpoch(aliceId, 1, handle, 1, id('c'), signature),
        ).to.be.revertedWithCustomError(patients, 'BadSignature');
      }
      await expect(
        patients.setScopeEpoch(id('nobody'), 1, handle, 1, id('c'), '0x'),
      ).to.be.revertedWithCustomError(patients, 'UnknownPatient');
    });
  });

  describe('submitBatch', () => {
    it('applies every good item, in order', async () => {
      const edge = await setup();
      const { patients, registry } = edge;
      const items = [
        await openItem(alice),
        await epochItem(alice, 2n, 1, id('c')),
        await relationsItem(alice, 1n, id('1')),
        await relationsItem(alice, 2n, id('2')),
        await openItem(bob),
      ];
      await expect(patients.connect(registry).submitBatch(items)).to.not.emit(
        patients,
        'ItemRefused',
      );
      expect((await patients.relationsOf(aliceId)).relationsDigest).to.equal(id('2'));
      expect((await patients.scopeEpochOf(aliceId, handle)).epoch).to.equal(1n);
      expect(await patients.authorityOf(patientIdOf(bob.address))).to.equal(bob.address);
    });

    it('hostile 24: skips and reports each bad item, the rest goes on', async () => {
      const edge = await setup();
      const { patients, registry } = edge;
      await openAlice(edge);
      const good = await relationsItem(alice, 5n, id('5'));
      const step = await epochItem(alice, 1n, 1, id('c'));
      const open = await openItem(bob);
      const tooLarge = `0x01${'00'.repeat(31)}`;
      const put = (words: readonly string[], at: number) =>
        words.map((value, i) => (i === at ? tooLarge : value));
      const bad: readonly (readonly [IPatientRegistry.ItemStruct, string])[] = [
        [{ ...good, signature: await relating(bob, 5n, id('5')) }, 'BadSignature'],
        [{ ...good, signature: '0x' }, 'BadSignature'],
        [{ ...good, kind: 0 }, 'UnknownKind'],
        [{ ...good, kind: 200 }, 'UnknownKind'],
        [{ ...good, words: good.words.slice(1) }, 'WrongWordCount'],
        [{ ...good, words: [...good.words, ZeroHash] }, 'WrongWordCount'],
        [{ ...step, words: [] }, 'WrongWordCount'],
        [{ ...open, words: [...open.words, ZeroHash] }, 'WrongWordCount'],
        [{ ...good, words: put(good.words, 1) }, 'WordOutOfRange'],
        [{ ...step, words: put(step.words, 1) }, 'WordOutOfRange'],
        [{ ...step, words: put(step.words, 3) }, 'WordOutOfRange'],
        [{ ...open, words: put(open.words, 0) }, 'WordOutOfRange'],
        [await openItem(alice), 'PatientExists'],
        [{ ...good, words: put(good.words, 0) }, 'UnknownPatient'],
        [await relationsItem(alice, 0n, id('0')), 'OldSeq'],
        [await epochItem(alice, 1n, 0, id('c')), 'OldEpoch'],
      ];
      const sent = await patients
        .connect(registry)
        .submitBatch([...bad.map(([item]) => item), good, step, open, good]);
      const refused = await patients.queryFilter(
        patients.filters.ItemRefused,
        sent.blockNumber ?? 0,
      );
      const refusals = refused.map(({ args }) => [
        args.index,
        patients.interface.getError(args.reason)?.name,
      ]);
      expect(refusals).to.deep.equal([
        ...bad.map(([, error], index) => [BigInt(index), error]),
        [BigInt(bad.length + 3), 'OldSeq'],
      ]);
      expect((await patients.relationsOf(aliceId)).relationsDigest).to.equal(id('5'));
      expect((await patients.scopeEpochOf(aliceId, handle)).epoch).to.equal(1n);
      expect(await patients.authorityOf(patientIdOf(bob.address))).to.equal(bob.address);
    });

    it('is for recording, consensus and index nodes only', async () => {
      const edge = await setup();
      const { patients } = edge;
      for (const node of [edge.hospitalA, edge.gateway, edge.registry, edge.standby]) {
        await patients.connect(node).submitBatch([]);
      }
      for (const caller of [edge.insurer, edge.regulator, edge.stranger, edge.deployer]) {
        await expect(patients.connect(caller).submitBatch([]))
          .to.be.revertedWithCustomError(patients, 'MayNotSubmit')
          .withArgs(caller.address);
      }
    });

    it('names in every patient-related event nobody but whoever submitted, as tx.from', async () => {
      const edge = await setup();
      const { patients, registry, hospitalB, stranger, ethers } = edge;
      await openAlice(edge);
      await patients.connect(registry).submitBatch([await relationsItem(alice, 1n, id('1'))]);
      await patients.connect(hospitalB).submitBatch([await epochItem(alice, 2n, 1, id('c'))]);
      const logs = await ethers.provider.getLogs({
        address: edge.at.patients,
        fromBlock: 0,
      });
      const senders = await Promise.all(
        logs.map(async (log) => (await ethers.provider.getTransaction(log.transactionHash))?.from),
      );
      expect(senders).to.deep.equal([stranger.address, registry.address, hospitalB.address]);
      const nodes = [edge.hospitalA, edge.hospitalB, edge.gateway, registry];
      const nodeIds = await Promise.all(nodes.map((node) => edge.idOf(node)));
      for (const trace of [...nodes.map((node) => node.address), ...nodeIds]) {
        for (const log of logs) {
          expect([...log.topics, log.data].join('').toLowerCase()).to.not.include(
            trace.slice(2).toLowerCase(),
          );
        }
      }
    });
  });
});
