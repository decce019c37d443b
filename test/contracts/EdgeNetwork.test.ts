import { expect } from 'chai';
import { network } from 'hardhat';
import EdgeNetwork from '../../ignition/modules/EdgeNetwork.ts';
import { members } from './deployEdge.ts';
import { FEDERATION, NETWORK } from './signing.ts';

const ADMIN = 0n;

describe('EdgeNetwork (deployment)', () => {
  async function deploy() {
    const connection = await network.create('edge');
    const { ethers } = connection;
    const [deployer] = await ethers.getSigners();
    if (deployer === undefined) throw new Error('the chain has no accounts');
    const placed = await connection.ignition.deploy(EdgeNetwork, {
      parameters: {
        EdgeNetwork: {
          federationId: FEDERATION,
          networkId: NETWORK,
          members: members.map((member) => member.address),
          threshold: 2,
          foundingCount: 4,
        },
      },
    });
    const at = async <N extends keyof typeof placed>(name: N) => placed[name].getAddress();
    return {
      deployer,
      consortium: await ethers.getContractAt('Consortium', await at('consortium')),
      accessManager: await ethers.getContractAt('AccessManager', await at('accessManager')),
      nodeRegistry: await ethers.getContractAt('NodeRegistry', await at('nodeRegistry')),
      patientRegistry: await ethers.getContractAt('PatientRegistry', await at('patientRegistry')),
      consents: await ethers.getContractAt('ConsentRegistry', await at('consentRegistry')),
      ledger: await ethers.getContractAt('AccessLedger', await at('accessLedger')),
      recordExchange: await ethers.getContractAt('RecordExchange', await at('recordExchange')),
      recordLocator: await ethers.getContractAt('RecordLocator', await at('recordLocator')),
    };
  }

  it('deploys contracts that know each other and their windows', async () => {
    const { nodeRegistry, patientRegistry, recordExchange, recordLocator, consortium, ...rest } =
      await deploy();
    const { consents, ledger } = rest;
    expect(await patientRegistry.consents()).to.equal(consents.target);
    expect(await consents.patientRegistry()).to.equal(patientRegistry.target);
    expect(await consents.nodeRegistry()).to.equal(nodeRegistry.target);
    expect(await consents.networkId()).to.equal(NETWORK);
    expect(await consents.federationId()).to.equal(FEDERATION);
    expect(await ledger.nodeRegistry()).to.equal(nodeRegistry.target);
    expect(await patientRegistry.nodeRegistry()).to.equal(nodeRegistry.target);
    expect(await recordExchange.nodeRegistry()).to.equal(nodeRegistry.target);
    expect(await recordExchange.locator()).to.equal(recordLocator.target);
    expect(await recordLocator.exchange()).to.equal(recordExchange.target);
    expect(await patientRegistry.networkId()).to.equal(NETWORK);
    expect(await patientRegistry.federationId()).to.equal(FEDERATION);
    expect(await nodeRegistry.admissionDelay()).to.equal(172_800n);
    expect(await nodeRegistry.foundingCount()).to.equal(4n);
    expect(await consortium.threshold()).to.equal(2n);
    expect(await recordExchange.takeOverSeconds()).to.equal(50n);
    expect(await recordExchange.roundSeconds()).to.equal(5n);
    expect(await recordExchange.answerRounds()).to.equal(2n);
    expect(await recordExchange.tagEpochSeconds()).to.equal(86_400n);
    expect(await recordExchange.auditSeconds()).to.equal(86_400n);
    expect(await patientRegistry.forceSeconds()).to.equal(100n);
  });

  it('hostile 28: leaves the deployer without any right', async () => {
    const { accessManager, consortium, nodeRegistry, deployer } = await deploy();
    expect((await accessManager.hasRole(ADMIN, consortium.target))[0]).to.equal(true);
    expect((await accessManager.hasRole(ADMIN, deployer))[0]).to.equal(false);
    expect((await accessManager.canCall(deployer, nodeRegistry.target, '0x00000000'))[0]).to.equal(
      false,
    );
    expect(await nodeRegistry.authority()).to.equal(accessManager.target);
  });
});
