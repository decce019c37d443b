import { buildModule } from '@nomicfoundation/hardhat-ignition/modules';

/**
 * The contracts of an edge network. The deployer keeps no right: the consortium is the only administrator of the
 * access manager, and its members admit the nodes by their first proposal.
 */
export default buildModule('EdgeNetwork', (m) => {
  const federationId = m.getParameter<string>('federationId');
  const networkId = m.getParameter<string>('networkId');
  const consortium = m.contract('Consortium', [
    federationId,
    networkId,
    m.getParameter<string[]>('members'),
    m.getParameter('threshold'),
  ]);
  const accessManager = m.contract('AccessManager', [consortium]);
  const nodeRegistry = m.contract('NodeRegistry', [
    federationId,
    networkId,
    accessManager,
    m.getParameter('admissionDelay', 172_800),
    m.getParameter('foundingCount'),
  ]);
  const patientRegistry = m.contract('PatientRegistry', [
    nodeRegistry,
    m.getParameter('forceSeconds', 100),
  ]);
  const consentRegistry = m.contractAt(
    'ConsentRegistry',
    m.staticCall(patientRegistry, 'consents'),
  );
  const accessLedger = m.contract('AccessLedger', [nodeRegistry]);
  const recordExchange = m.contract('RecordExchange', [
    nodeRegistry,
    {
      roundSeconds: m.getParameter('roundSeconds', 5),
      answerRounds: m.getParameter('answerRounds', 2),
      takeOverSeconds: m.getParameter('takeOverSeconds', 50),
      tagEpochSeconds: m.getParameter('tagEpochSeconds', 86_400),
      auditSeconds: m.getParameter('auditSeconds', 86_400),
    },
  ]);
  const recordLocator = m.contractAt('RecordLocator', m.staticCall(recordExchange, 'locator'));
  return {
    consortium,
    accessManager,
    nodeRegistry,
    patientRegistry,
    consentRegistry,
    accessLedger,
    recordExchange,
    recordLocator,
  };
});
