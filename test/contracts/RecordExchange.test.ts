import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/types';
import { expect } from 'chai';
import { AbiCoder, id, keccak256, ZeroHash } from 'ethers';
import { network } from 'hardhat';
import { DAY, deployContracts, deployEdge, WINDOWS } from './deployEdge.ts';
import type { Edge } from './deployEdge.ts';

const root = (n: number): string => (n === 0 ? ZeroHash : id(`root ${n}`));

interface Request {
  readonly position: number;
  readonly batchRoot: string;
  readonly queryDigest: string;
  readonly paddedCount: number;
  readonly tagEpoch: number;
}

describe('RecordExchange', () => {
  const setup = async () => {
    const connection = await network.create('edge');
    const edge = await deployEdge(connection);
    await edge.exchange.connect(edge.registry).takeOver(1);
    const { time } = connection.networkHelpers;
    const today = Math.floor((await time.latest()) / DAY);
    const requests: Request[] = [];

    /** Opens the next request, by hospital A unless told otherwise. */
    const request = async (
      by: HardhatEthersSigner = edge.hospitalA,
      over: Partial<Request> = {},
    ) => {
      const made = {
        position: by === edge.hospitalA ? 0 : by === edge.hospitalB ? 1 : 2,
        batchRoot: id(`batch ${requests.length}`),
        queryDigest: id(`query ${requests.length}`),
        paddedCount: 16,
        tagEpoch: today,
        ...over,
      };
      const sent = await edge.exchange
        .connect(by)
        .requestStorage(made.batchRoot, made.queryDigest, made.paddedCount, made.tagEpoch);
      requests.push(made);
      return sent;
    };
    const list = (from: number, to: number) => requests.slice(from - 1, to);
    /** Root n is the one after n seals. */
    const seal = async (from: number, to: number, n: number, by = edge.registry, term = 1) =>
      edge.exchange
        .connect(by)
        .sealBatches(from, to, list(from, to), root(n), root(n + 1), id('d'), id('a'), term);
    const settle = async (from: number, to: number, bitmap = 7n, by = edge.registry, term = 1) =>
      edge.exchange
        .connect(by)
        .recordReceipts(from, to, bitmap, bitmap === 0n ? ZeroHash : id('receipts'), term);
    return { ...edge, ...connection, time, today, requests, request, list, seal, settle };
  };

  const suspend = async (edge: Edge, node: HardhatEthersSigner) =>
    edge.govern(edge.onNode('suspend', await edge.idOf(node)));

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
      const { exchange, request, gateway, today, ethers, time } = await setup();
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
      const edge = await setup();
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
      const { exchange, request, today } = await setup();
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
      const { exchange, request } = await setup();
      for (const over of [{ batchRoot: ZeroHash }, { queryDigest: ZeroHash }]) {
        await expect(request(undefined, over)).to.be.revertedWithCustomError(exchange, 'ZeroRoot');
      }
    });

    it('holds 256 open requests, refuses one more and takes it after a seal', async () => {
      const { exchange, request, seal } = await setup();
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
      const { exchange, locator, request, seal, hospitalB } = await setup();
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
      const { exchange, request, seal, list, registry } = await setup();
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
      const { exchange, request, list, registry, hospitalB } = await setup();
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
      const edge = await setup();
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
      const { exchange, locator, request, list, registry, seal } = await setup();
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

  describe('recordReceipts', () => {
    it('settles sealed ranges in order and numbers the settlements', async () => {
      const { exchange, request, seal, settle } = await setup();
      for (let i = 0; i < 4; i++) await request();
      await seal(1, 3, 0);
      await expect(settle(1, 2))
        .to.emit(exchange, 'ReceiptsRecorded')
        .withArgs(1, 1, 2, 7, id('receipts'), 1);
      for (const [from, to] of [
        [1, 2],
        [4, 4],
        [3, 4],
        [3, 2],
      ] as const) {
        await expect(settle(from, to)).to.be.revertedWithCustomError(exchange, 'WrongRange');
      }
      await settle(3, 3, 0n);
      const { settledCount, settlementCount } = await exchange.progress();
      expect([settledCount, settlementCount]).to.deep.equal([3n, 2n]);
    });

    it('is for the active consensus node; bitmap and root agree', async () => {
      const edge = await setup();
      const { exchange, request, seal, settle, registry } = edge;
      await request();
      await seal(1, 1, 0);
      await expect(settle(1, 1, 7n, edge.standby)).to.be.revertedWithCustomError(
        exchange,
        'NotActiveConsensusNode',
      );
      await expect(settle(1, 1, 7n, registry, 2)).to.be.revertedWithCustomError(
        exchange,
        'WrongTerm',
      );
      for (const [bitmap, receipts] of [
        [0n, id('receipts')],
        [1n, ZeroHash],
      ] as const) {
        await expect(
          exchange.connect(registry).recordReceipts(1, 1, bitmap, receipts, 1),
        ).to.be.revertedWithCustomError(exchange, 'BitmapContradictsRoot');
      }
    });
  });

  describe('denySettlement', () => {
    it('marks the settlement disputed, by a node whose bit is set', async () => {
      const { exchange, request, seal, settle, hospitalB } = await setup();
      for (let i = 0; i < 2; i++) await request();
      await seal(1, 2, 0);
      await settle(1, 2, 2n);
      expect(await exchange.isDisputed(1)).to.equal(false);
      await expect(exchange.connect(hospitalB).denySettlement(1, 1, 2, 2n))
        .to.emit(exchange, 'SettlementDenied')
        .withArgs(1, 1, 1, 2);
      expect(await exchange.isDisputed(1)).to.equal(true);
    });

    it('refuses a node without a bit, another range or bitmap, others than nodes', async () => {
      const edge = await setup();
      const { exchange, request, seal, settle } = edge;
      for (let i = 0; i < 2; i++) await request();
      await seal(1, 2, 0);
      await settle(1, 2, 2n);
      await expect(exchange.connect(edge.hospitalA).denySettlement(1, 1, 2, 2n))
        .to.be.revertedWithCustomError(exchange, 'NotMarkedSettled')
        .withArgs(1, 0);
      const asked = exchange.connect(edge.hospitalB);
      for (const args of [
        [0, 1, 2, 2n],
        [2, 1, 2, 2n],
        [65, 1, 2, 2n],
        [1, 1, 1, 2n],
        [1, 2, 2, 2n],
        [1, 1, 2, 3n],
      ] as const) {
        await expect(asked.denySettlement(...args)).to.be.revertedWithCustomError(
          exchange,
          'UnknownSettlement',
        );
      }
      for (const caller of [edge.registry, edge.insurer, edge.stranger]) {
        await expect(
          exchange.connect(caller).denySettlement(1, 1, 2, 2n),
        ).to.be.revertedWithCustomError(exchange, 'NotAnsweringNode');
      }
      for (const settlement of [0, 2]) {
        await expect(exchange.isDisputed(settlement)).to.be.revertedWithCustomError(
          exchange,
          'UnknownSettlement',
        );
      }
    });

    it('a slot used again starts undisputed, and not before T is over', async () => {
      const { exchange, request, seal, settle, hospitalA, time, ethers, networkHelpers } =
        await setup();
      for (let i = 0; i < 65; i++) await request();
      await seal(1, 65, 0);
      await settle(1, 1);
      const settledAt = await time.latest();
      await exchange.connect(hospitalA).denySettlement(1, 1, 1, 7n);
      await ethers.provider.send('evm_setAutomine', [false]);
      for (let n = 2; n <= 64; n++) await settle(n, n);
      await networkHelpers.mine();
      await ethers.provider.send('evm_setAutomine', [true]);
      expect((await exchange.progress()).settlementCount).to.equal(64n);
      expect(await exchange.isDisputed(1)).to.equal(true);
      await time.setNextBlockTimestamp(settledAt + WINDOWS.takeOverSeconds - 1);
      await expect(settle(65, 65))
        .to.be.revertedWithCustomError(exchange, 'SettledTooFast')
        .withArgs(65, settledAt + WINDOWS.takeOverSeconds);
      await time.increaseTo(settledAt + WINDOWS.takeOverSeconds);
      await settle(65, 65);
      expect(await exchange.isDisputed(65)).to.equal(false);
      await expect(exchange.isDisputed(1)).to.be.revertedWithCustomError(
        exchange,
        'UnknownSettlement',
      );
      await expect(
        exchange.connect(hospitalA).denySettlement(1, 1, 1, 7n),
      ).to.be.revertedWithCustomError(exchange, 'UnknownSettlement');
    });
  });

  describe('takeOver', () => {
    it('starts term 1 at once, by a consensus node only', async () => {
      const connection = await network.create('edge');
      const edge = await deployEdge(connection);
      const { exchange, registry } = edge;
      for (const caller of [edge.hospitalA, edge.regulator, edge.stranger]) {
        await expect(exchange.connect(caller).takeOver(1))
          .to.be.revertedWithCustomError(exchange, 'NotStandby')
          .withArgs(caller.address);
      }
      await expect(exchange.connect(registry).takeOver(2)).to.be.revertedWithCustomError(
        exchange,
        'WrongTerm',
      );
      await expect(exchange.connect(registry).takeOver(1))
        .to.emit(exchange, 'TermStarted')
        .withArgs(1, await edge.idOf(registry));
      await exchange.requireActive(registry, 1);
    });

    it('lets a standby in when the oldest request is unsealed for longer than T', async () => {
      const edge = await setup();
      const { exchange, request, standby, registry, seal, time } = edge;
      const taking = () => exchange.connect(standby).takeOver(2);
      await expect(taking()).to.be.revertedWithCustomError(exchange, 'NothingOpen');
      await request();
      const overdue = (await time.latest()) + WINDOWS.takeOverSeconds + 1;
      await request();
      await time.setNextBlockTimestamp(overdue - 1);
      await expect(taking())
        .to.be.revertedWithCustomError(exchange, 'NotOverdue')
        .withArgs(overdue);
      await time.increaseTo(overdue);
      await expect(exchange.connect(registry).takeOver(2)).to.be.revertedWithCustomError(
        exchange,
        'NotStandby',
      );
      for (const term of [1, 3]) {
        await expect(exchange.connect(standby).takeOver(term))
          .to.be.revertedWithCustomError(exchange, 'WrongTerm')
          .withArgs(term, 2);
      }
      await taking();
      await expect(seal(1, 1, 0)).to.be.revertedWithCustomError(exchange, 'WrongTerm');
      await expect(seal(1, 1, 0, registry, 2)).to.be.revertedWithCustomError(
        exchange,
        'NotActiveConsensusNode',
      );
      await seal(1, 2, 0, standby, 2);
    });

    it('counts from the oldest unsealed request, not from the oldest one', async () => {
      const { exchange, request, standby, seal, time } = await setup();
      await request();
      await time.increase(WINDOWS.takeOverSeconds + 1);
      await request();
      await seal(1, 1, 0);
      await expect(exchange.connect(standby).takeOver(2)).to.be.revertedWithCustomError(
        exchange,
        'NotOverdue',
      );
    });

    it('leaves the new active node T before another standby may follow', async () => {
      const { exchange, request, standby, registry, time } = await setup();
      await request();
      await time.increase(WINDOWS.takeOverSeconds + 1);
      await exchange.connect(standby).takeOver(2);
      await expect(exchange.connect(registry).takeOver(3)).to.be.revertedWithCustomError(
        exchange,
        'NotOverdue',
      );
      await time.increase(WINDOWS.takeOverSeconds + 1);
      await exchange.connect(registry).takeOver(3);
    });

    it('lets a standby in at once when the active node is suspended; a suspended standby never', async () => {
      const edge = await setup();
      const { exchange, registry, standby } = edge;
      await suspend(edge, standby);
      await expect(exchange.connect(standby).takeOver(2)).to.be.revertedWithCustomError(
        exchange,
        'NotStandby',
      );
      await edge.govern(edge.onNode('resume', await edge.idOf(standby)));
      await suspend(edge, registry);
      await exchange.connect(standby).takeOver(2);
      await exchange.requireActive(standby, 2);
    });
  });

  describe('RecordLocator', () => {
    it('takes an update of the active consensus node between seals', async () => {
      const { locator, registry, request, seal } = await setup();
      await expect(locator.connect(registry).update(ZeroHash, root(1), 1))
        .to.emit(locator, 'LocatorUpdated')
        .withArgs(ZeroHash, root(1), 1);
      await request();
      await seal(1, 1, 1);
      expect(await locator.root()).to.equal(root(2));
    });

    it('refuses others, other terms, stale roots and an emptied table', async () => {
      const edge = await setup();
      const { locator, exchange, registry } = edge;
      for (const caller of [edge.standby, edge.hospitalA, edge.stranger, edge.deployer]) {
        await expect(
          locator.connect(caller).update(ZeroHash, root(1), 1),
        ).to.be.revertedWithCustomError(exchange, 'NotActiveConsensusNode');
      }
      const own = locator.connect(registry);
      await expect(own.update(ZeroHash, root(1), 2)).to.be.revertedWithCustomError(
        exchange,
        'WrongTerm',
      );
      await own.update(ZeroHash, root(1), 1);
      await expect(own.update(ZeroHash, root(2), 1))
        .to.be.revertedWithCustomError(locator, 'RootMoved')
        .withArgs(ZeroHash, root(1));
      await expect(own.update(root(1), ZeroHash, 1)).to.be.revertedWithCustomError(
        locator,
        'TableEmptied',
      );
    });
  });

  it('deploys below the gas cap of a transaction, 2^24', async () => {
    const { exchange } = await deployContracts(await network.create('edge'));
    const receipt = await exchange.deploymentTransaction()?.wait();
    expect(receipt?.gasUsed ?? 2n ** 24n).to.be.lessThan(2n ** 24n);
  });
});
