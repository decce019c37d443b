import { expect } from 'chai';
import { ZeroHash } from 'ethers';
import { root, setupExchange } from './exchangeFixture.ts';

describe('RecordLocator', () => {
  it('takes an update of the active consensus node between seals', async () => {
    const { locator, registry, request, seal } = await setupExchange();
    await expect(locator.connect(registry).update(ZeroHash, root(1), 1))
      .to.emit(locator, 'LocatorUpdated')
      .withArgs(ZeroHash, root(1), 1);
    await request();
    await seal(1, 1, 1);
    expect(await locator.root()).to.equal(root(2));
  });

  it('refuses others, other terms, stale roots and an emptied table', async () => {
    const edge = await setupExchange();
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
