import { expect } from 'chai';
import { id, ZeroHash } from 'ethers';
import { WINDOWS } from './deployEdge.ts';
import { setupExchange } from './exchangeFixture.ts';

describe('RecordExchange: settlement', () => {
  describe('recordReceipts', () => {
    it('settles sealed ranges in order and numbers the settlements', async () => {
      const { exchange, request, seal, settle } = await setupExchange();
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
      const edge = await setupExchange();
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
      const { exchange, request, seal, settle, hospitalB } = await setupExchange();
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
      const edge = await setupExchange();
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
        await setupExchange();
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
});
