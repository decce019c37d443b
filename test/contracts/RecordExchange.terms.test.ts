import { expect } from 'chai';
import { network } from 'hardhat';
import { deployEdge, WINDOWS } from './deployEdge.ts';
import { setupExchange, suspend } from './exchangeFixture.ts';

describe('RecordExchange: terms', () => {
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
      const edge = await setupExchange();
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
      const { exchange, request, standby, seal, time } = await setupExchange();
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
      const { exchange, request, standby, registry, time } = await setupExchange();
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
      const edge = await setupExchange();
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
});
