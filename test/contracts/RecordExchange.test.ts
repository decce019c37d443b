import { expect } from 'chai';
import { AbiCoder, id, keccak256, ZeroHash } from 'ethers';
import { network } from 'hardhat';
import { deployContracts, deployEdge, WINDOWS } from './deployEdge.ts';
import { root, setupExchange, suspend } from './exchangeFixture.ts';
import type { Request } from './exchangeFixture.ts';

describe('RecordExchange', () => {
  it('hostile 26: refuses windows of zero', async () => {
    const { ethers } = await network.create('edge');
    const factory = await ethers.getContractFactory('RecordExchange');
    for (const name of Object.keys(WINDOWS)) {
      await expect(
        factory.deploy(`0x${'01'.repeat(20)}`, { ...WINDOWS, [name]: 0 }),
      ).to.be.revertedWithCustomError(factory, 'ZeroWindow');
    }
  });

  describe('requestStorage', () => {
    it('numbers requests from 1 and tells all but the list', async () => {
      const { exchange, request, gateway, today, ethers, time } = await setupExchange();
      await request();
      await expect(request(gateway))
        .to.emit(exchange, 'StorageRequested')
        .withArgs(2, 2, id('batch 1'), id('query 1'), 16, today);
      const [digest, block, at] = await exchange.requestSlot(2);
      const expected = keccak256(
        AbiCoder.defaultAbiCoder().encode(
          ['uint64', 'uint16', 'bytes32', 'bytes32', 'uint16', 'uint32'],
          [2, 2, id('batch 1'), id('query 1'), 16, today],
        ),
      );
      expect(digest).to.equal(expected.slice(0, 50));
      expect([block, at]).to.deep.equal([
        BigInt(await ethers.provider.getBlockNumber()),
        BigInt(await time.latest()),
      ]);
      expect((await exchange.progress()).requestCount).to.equal(2n);
    });

    it('is for active recording and index nodes only', async () => {
      const edge = await setupExchange();
      const { exchange, request } = edge;
      await request(edge.hospitalA);
      await request(edge.gateway);
      for (const caller of [edge.registry, edge.insurer, edge.regulator, edge.stranger]) {
        await expect(request(caller))
          .to.be.revertedWithCustomError(exchange, 'NotAnsweringNode')
          .withArgs(caller.address);
      }
      await suspend(edge, edge.hospitalA);
      await expect(request()).to.be.revertedWithCustomError(exchange, 'NotAnsweringNode');
    });

    it('takes the four padded sizes and this or a neighbouring tag epoch', async () => {
      const { exchange, request, today } = await setupExchange();
      for (const paddedCount of [16, 64, 256, 1024]) await request(undefined, { paddedCount });
      for (const tagEpoch of [today - 1, today + 1]) await request(undefined, { tagEpoch });
      for (const paddedCount of [0, 1, 15, 17, 128, 512, 2048]) {
        await expect(request(undefined, { paddedCount }))
          .to.be.revertedWithCustomError(exchange, 'BadPaddedCount')
          .withArgs(paddedCount);
      }
      for (const tagEpoch of [0, today - 2, today + 2, 2 ** 32 - 1]) {
        await expect(request(undefined, { tagEpoch }))
          .to.be.revertedWithCustomError(exchange, 'BadTagEpoch')
          .withArgs(tagEpoch, today);
      }
    });

    it('hostile 26: refuses a zero batch root or query', async () => {
      const { exchange, request } = await setupExchange();
      for (const over of [{ batchRoot: ZeroHash }, { queryDigest: ZeroHash }]) {
        await expect(request(undefined, over)).to.be.revertedWithCustomError(exchange, 'ZeroRoot');
      }
    });

    it('holds 256 open requests, refuses one more and takes it after a seal', async () => {
      const { exchange, request, seal } = await setupExchange();
      for (let i = 0; i < 256; i++) await request();
      await expect(request())
        .to.be.revertedWithCustomError(exchange, 'TooManyOpen')
        .withArgs(256, 0);
      await seal(1, 2, 0);
      await request();
      await request();
      await expect(request()).to.be.revertedWithCustomError(exchange, 'TooManyOpen');
      await seal(3, 258, 1);
      expect((await exchange.progress()).sealedCount).to.equal(258n);
      await expect(exchange.requestSlot(2)).to.be.revertedWithCustomError(
        exchange,
        'UnknownRequest',
      );
      for (const request_ of [0, 259]) {
        await expect(exchange.requestSlot(request_)).to.be.revertedWithCustomError(
          exchange,
          'UnknownRequest',
        );
      }
      expect((await exchange.requestSlot(3)).digest).to.not.equal(`0x${'00'.repeat(24)}`);
    });
  });

  describe('sealBatches', () => {
    it('seals a range and swaps the locator’s root', async () => {
      const { exchange, locator, request, seal, hospitalB } = await setupExchange();
      for (const by of [undefined, hospitalB, undefined]) await request(by);
      const sent = await seal(1, 2, 0);
      await expect(sent)
        .to.emit(exchange, 'BatchSealed')
        .withArgs(1, 2, root(0), root(1), id('d'), id('a'), 1);
      await expect(sent).to.emit(locator, 'LocatorUpdated').withArgs(root(0), root(1), 1);
      expect(await locator.root()).to.equal(root(1));
      await seal(3, 3, 1);
      expect((await exchange.progress()).sealedCount).to.equal(3n);
    });

    it('seals strictly in order, each request once, none that is not there', async () => {
      const { exchange, request, seal, list, registry } = await setupExchange();
      for (let i = 0; i < 3; i++) await request();
      for (const [from, to] of [
        [2, 3],
        [0, 1],
        [1, 4],
        [2, 1],
      ] as const) {
        await expect(seal(from, to, 0)).to.be.revertedWithCustomError(exchange, 'WrongRange');
      }
      await expect(
        exchange.connect(registry).sealBatches(1, 0, [], root(0), root(1), id('d'), id('a'), 1),
      ).to.be.revertedWithCustomError(exchange, 'WrongRange');
      await expect(
        exchange
          .connect(registry)
          .sealBatches(1, 2, list(1, 1), root(0), root(1), id('d'), id('a'), 1),
      )
        .to.be.revertedWithCustomError(exchange, 'WrongRequestCount')
        .withArgs(1, 2);
      await seal(1, 2, 0);
      await expect(seal(1, 2, 1)).to.be.revertedWithCustomError(exchange, 'WrongRange');
      await expect(seal(2, 3, 1)).to.be.revertedWithCustomError(exchange, 'WrongRange');
    });

    it('refuses a request with any field changed, or swapped', async () => {
      const { exchange, request, list, registry, hospitalB } = await setupExchange();
      await request();
      await request(hospitalB);
      const sealing = (requests: Request[]) =>
        exchange
          .connect(registry)
          .sealBatches(1, 2, requests, root(0), root(1), id('d'), id('a'), 1);
      const [first, second] = list(1, 2);
      if (first === undefined || second === undefined) throw new Error('no requests');
      const changes: Partial<Request>[] = [
        { position: 1 },
        { batchRoot: id('x') },
        { queryDigest: id('x') },
        { paddedCount: 64 },
        { tagEpoch: first.tagEpoch + 1 },
      ];
      for (const change of changes) {
        await expect(sealing([{ ...first, ...change }, second]))
          .to.be.revertedWithCustomError(exchange, 'WrongRequest')
          .withArgs(1);
      }
      await expect(sealing([second, first])).to.be.revertedWithCustomError(
        exchange,
        'WrongRequest',
      );
      await expect(sealing([first, first]))
        .to.be.revertedWithCustomError(exchange, 'WrongRequest')
        .withArgs(2);
      await sealing([first, second]);
    });

    it('is for the active consensus node of the term only', async () => {
      const edge = await setupExchange();
      const { exchange, request, seal } = edge;
      await request();
      for (const by of [edge.standby, edge.hospitalA, edge.stranger, edge.deployer]) {
        await expect(seal(1, 1, 0, by))
          .to.be.revertedWithCustomError(exchange, 'NotActiveConsensusNode')
          .withArgs(by.address);
      }
      for (const term of [0, 2]) {
        await expect(seal(1, 1, 0, edge.registry, term))
          .to.be.revertedWithCustomError(exchange, 'WrongTerm')
          .withArgs(term, 1);
      }
      await suspend(edge, edge.registry);
      await expect(seal(1, 1, 0)).to.be.revertedWithCustomError(exchange, 'NotActiveConsensusNode');
    });

    it('hostile 26: refuses a zero deliveries root, a stale root and an emptied table', async () => {
      const { exchange, locator, request, list, registry, seal } = await setupExchange();
      for (let i = 0; i < 3; i++) await request();
      const sealing = (prev: string, next: string, deliveries = id('d')) =>
        exchange
          .connect(registry)
          .sealBatches(1, 1, list(1, 1), prev, next, deliveries, id('a'), 1);
      await expect(sealing(root(0), root(1), ZeroHash)).to.be.revertedWithCustomError(
        exchange,
        'ZeroRoot',
      );
      await expect(sealing(root(5), root(1)))
        .to.be.revertedWithCustomError(locator, 'RootMoved')
        .withArgs(root(5), ZeroHash);
      await sealing(ZeroHash, ZeroHash);
      await seal(2, 2, 0);
      await expect(
        exchange
          .connect(registry)
          .sealBatches(3, 3, list(3, 3), root(1), ZeroHash, id('d'), ZeroHash, 1),
      )
        .to.be.revertedWithCustomError(locator, 'TableEmptied')
        .withArgs(root(1));
      await exchange
        .connect(registry)
        .sealBatches(3, 3, list(3, 3), root(1), root(1), id('d'), ZeroHash, 1);
    });

    it('hostile 27: nobody seals before the first term', async () => {
      const connection = await network.create('edge');
      const { exchange, registry } = await deployEdge(connection);
      for (const term of [0, 1]) {
        await expect(
          exchange
            .connect(registry)
            .sealBatches(1, 1, [], ZeroHash, root(1), id('d'), id('a'), term),
        ).to.be.revert(connection.ethers);
      }
    });
  });

  it('deploys below the gas cap of a transaction, 2^24', async () => {
    const { exchange } = await deployContracts(await network.create('edge'));
    const receipt = await exchange.deploymentTransaction()?.wait();
    expect(receipt?.gasUsed ?? 2n ** 24n).to.be.lessThan(2n ** 24n);
  });
});
