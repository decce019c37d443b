// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IConsentRegistry} from "../interfaces/IConsentRegistry.sol";
import {INodeRegistry} from "../interfaces/INodeRegistry.sol";
import {IPatientRegistry} from "../interfaces/IPatientRegistry.sol";
import {ConsentDigest} from "../libraries/ConsentDigest.sol";
import {ConsentRules} from "../libraries/ConsentRules.sol";
import {ConsentStatus, granted, NONE, REVOKED} from "../libraries/ConsentStatus.sol";
import {ADMITTED} from "../libraries/Standing.sol";
import {NetworkDomain} from "../libraries/NetworkDomain.sol";
import {SignerCheck} from "../libraries/SignerCheck.sol";

contract ConsentRegistry is IConsentRegistry, NetworkDomain {
    struct Account {
        uint64 minEpoch;
        uint48 frozenUntil;
    }

    // Items of the list of revocations.
    uint8 private constant REVOKE = 1;
    uint8 private constant REVOKE_ALL = 2;
    uint8 private constant CHANGE_AUTHORITY = 3;

    INodeRegistry public immutable nodeRegistry;
    IPatientRegistry public immutable patientRegistry;

    mapping(address account => mapping(bytes32 digest => ConsentStatus)) private _statuses;
    mapping(address account => Account) private _accounts;
    // No account is frozen from then on: what most grants ask first, and a batch once.
    uint256 private _freezesEnd;
    // 24 bytes of head, 8 of count.
    bytes32 private _revocations;

    modifier onlyPatientRegistry() {
        if (msg.sender != address(patientRegistry)) revert NotPatientRegistry(msg.sender);
        _;
    }

    constructor(
        INodeRegistry nodeRegistry_,
        IPatientRegistry patientRegistry_
    ) NetworkDomain(nodeRegistry_.federationId(), nodeRegistry_.networkId()) {
        nodeRegistry = nodeRegistry_;
        patientRegistry = patientRegistry_;
        bytes32 first = keccak256(abi.encode("carelattice/revocations", networkId));
        _revocations = bytes32(bytes24(first));
    }

    // One message, by anyone

    function grant(address account, bytes32 digest, bytes calldata signature) external {
        bytes4 reason = _grant(account, digest, signature);
        if (reason == Frozen.selector) revert Frozen(account, _accounts[account].frozenUntil);
        _revertFor(reason, account, digest);
    }

    function revoke(address account, bytes32 digest, bytes calldata signature) external {
        bytes4 reason = _revoke(account, digest, signature);
        if (reason == Revoked.selector) revert Revoked(account, digest);
        _revertFor(reason, account, _revokeDigest(account, digest));
    }

    function revokeAll(address account, uint64 minEpoch, bytes calldata signature) external {
        bytes4 reason = _revokeAll(account, minEpoch, signature);
        if (reason == NotRising.selector)
            revert NotRising(account, minEpoch, _accounts[account].minEpoch);
        _revertFor(reason, account, _revokeAllDigest(account, minEpoch));
    }

    // The registry of patients

    function applyGrant(
        address account,
        bytes32 digest,
        bytes calldata signature
    ) external onlyPatientRegistry returns (bytes4 reason) {
        return _grant(account, digest, signature);
    }

    function applyRevoke(
        address account,
        bytes32 digest,
        bytes calldata signature
    ) external onlyPatientRegistry returns (bytes4 reason) {
        return _revoke(account, digest, signature);
    }

    function applyRevokeAll(
        address account,
        uint64 minEpoch,
        bytes calldata signature
    ) external onlyPatientRegistry returns (bytes4 reason) {
        return _revokeAll(account, minEpoch, signature);
    }

    function setFrozen(address account, uint48 until) external onlyPatientRegistry {
        Account storage frozen = _accounts[account];
        // It may sign for several patients: the longest freeze of any of them counts.
        frozen.frozenUntil = uint48(Math.max(until, frozen.frozenUntil));
        _freezesEnd = Math.max(until, _freezesEnd);
    }

    function authorityChanged(
        address account,
        bytes32 digest,
        address authority
    ) external onlyPatientRegistry {
        _stepRevocations(CHANGE_AUTHORITY, account, digest, uint160(authority));
    }

    // Views

    function blocksOf(
        address account,
        bytes32 digest
    ) external view returns (uint48 grantBlock, uint48 revocationBlock) {
        ConsentStatus status = _statuses[account][digest];
        return (status.grantBlockOf(), status.revocationBlockOf());
    }

    function accountOf(
        address account
    ) external view returns (uint64 minEpoch, uint48 frozenUntil) {
        Account storage present = _accounts[account];
        return (present.minEpoch, present.frozenUntil);
    }

    function revocations() external view returns (bytes24 head, uint64 count) {
        bytes32 present = _revocations;
        return (bytes24(present), uint64(uint256(present)));
    }

    function statusOf(
        address account,
        bytes32 digest,
        uint64 epoch
    ) external view returns (uint8 state, uint48 grantedAt) {
        ConsentStatus status = _status(account, digest, epoch);
        return (status.stateOf(), status.grantedAtOf());
    }

    // The text is shown, for eth_call only

    function isAllowed(
        Consent calldata consent,
        NetworkScope calldata own,
        bytes32[] calldata scopeHashes,
        Access calldata access
    ) external view returns (bool) {
        ConsentDigest.Read memory read = ConsentDigest.read(consent, scopeHashes);
        ConsentDigest.ReadAccess memory asked = ConsentDigest.readAccess(access);
        ConsentRules.checkPlace(own, scopeHashes, networkId, asked.patientId);
        address patient = _address(read.words[ConsentDigest.PATIENT]);
        _checkAuthority(patient, own.patientId);
        if (read.words[ConsentDigest.NAMED_GUARDIANSHIP] != 0) revert NotHerSigner(patient);
        _checkConsent(read, patient, _digest(ConsentDigest.consent(read)));
        _checkAccess(read, consent, asked);
        return true;
    }

    function isAllowedByDelegate(
        Consent calldata consent,
        NetworkScope calldata own,
        bytes32[] calldata scopeHashes,
        Access calldata access,
        Delegation calldata delegation
    ) external view returns (bool) {
        ConsentDigest.Read memory read = ConsentDigest.read(consent, scopeHashes);
        ConsentDigest.ReadAccess memory asked = ConsentDigest.readAccess(access);
        ConsentRules.checkPlace(own, scopeHashes, networkId, asked.patientId);
        address patient = _address(read.words[ConsentDigest.PATIENT]);
        _checkAuthority(patient, own.patientId);
        _checkDelegate(read, patient, delegation, asked.patientId);
        _checkAccess(read, consent, asked);
        return true;
    }

    // Each of the following applies a message, or changes nothing and tells the error that says why: a batch reports
    // it, a direct call reverts with it.

    function _grant(
        address account,
        bytes32 digest,
        bytes calldata signature
    ) private returns (bytes4 reason) {
        mapping(bytes32 => ConsentStatus) storage statuses = _statuses[account];
        uint8 state = statuses[digest].stateOf();
        if (state != NONE) return state == REVOKED ? Revoked.selector : Used.selector;
        if (block.timestamp < _freezesEnd && block.timestamp < _accounts[account].frozenUntil)
            return Frozen.selector;
        if (!SignerCheck.isValid(account, digest, signature)) return BadSignature.selector;

        statuses[digest] = granted();
        emit ConsentGranted(account, digest);
    }

    function _revoke(
        address account,
        bytes32 digest,
        bytes calldata signature
    ) private returns (bytes4 reason) {
        mapping(bytes32 => ConsentStatus) storage statuses = _statuses[account];
        ConsentStatus status = statuses[digest];
        if (status.stateOf() == REVOKED) return Revoked.selector;
        if (!SignerCheck.isValid(account, _revokeDigest(account, digest), signature))
            return BadSignature.selector;

        statuses[digest] = status.asRevoked();
        _stepRevocations(REVOKE, account, digest, 0);
        emit ConsentRevoked(account, digest);
    }

    function _revokeAll(
        address account,
        uint64 minEpoch,
        bytes calldata signature
    ) private returns (bytes4 reason) {
        if (minEpoch <= _accounts[account].minEpoch) return NotRising.selector;
        if (!SignerCheck.isValid(account, _revokeAllDigest(account, minEpoch), signature))
            return BadSignature.selector;

        _accounts[account].minEpoch = minEpoch;
        _stepRevocations(REVOKE_ALL, account, 0, minEpoch);
        emit AllRevoked(account, minEpoch);
    }

    function _stepRevocations(uint8 item, address account, bytes32 digest, uint256 last) private {
        bytes32 present = _revocations;
        bytes32 next = keccak256(abi.encode(bytes24(present), item, account, digest, last));
        uint64 count = uint64(uint256(present)) + 1;
        _revocations = bytes32(bytes24(next)) | bytes32(uint256(count));
    }

    function _checkAuthority(address patient, bytes32 patientId) private view {
        address authority = patientRegistry.authorityOf(patientId);
        if (authority == address(0)) revert IPatientRegistry.UnknownPatient(patientId);
        if (patient != authority) revert NotHerSigner(patient);
    }

    // Depth 1: a guardianship is hers alone.
    function _checkDelegate(
        ConsentDigest.Read memory read,
        address patient,
        Delegation calldata delegation,
        bytes32 patientId
    ) private view {
        ConsentDigest.ReadGuardianship memory shown = ConsentDigest.readGuardianship(
            delegation.guardianship,
            delegation.scopeHashes
        );
        bytes32 guardianship = _digest(ConsentDigest.guardianship(shown));
        address delegate = _address(shown.words[ConsentRules.DELEGATE]);
        bool isHers = _address(shown.words[ConsentRules.GUARDIANSHIP_PATIENT]) == patient;
        if (!isHers || read.words[ConsentDigest.NAMED_GUARDIANSHIP] != guardianship)
            revert NotHerSigner(delegate);
        bytes32 digest = _digest(ConsentDigest.consent(read));
        _checkConsent(read, delegate, digest);

        ConsentRules.checkPlace(delegation.own, delegation.scopeHashes, networkId, patientId);
        ConsentRules.checkTime(
            shown.words[ConsentRules.GUARDIANSHIP_NOT_BEFORE],
            shown.words[ConsentRules.GUARDIANSHIP_NOT_AFTER]
        );
        uint256 epoch = uint256(shown.words[ConsentRules.GUARDIANSHIP_EPOCH]);
        _checkState(_status(patient, guardianship, epoch), patient, guardianship);
        // She may take back alone what the delegate signed.
        if (_statuses[patient][digest].stateOf() == REVOKED) revert Revoked(patient, digest);
        ConsentRules.checkWithin(read, shown);
    }

    function _checkConsent(
        ConsentDigest.Read memory read,
        address signer,
        bytes32 digest
    ) private view {
        bytes32[25] memory words = read.words;
        ConsentRules.checkTime(words[ConsentDigest.NOT_BEFORE], words[ConsentDigest.NOT_AFTER]);
        uint256 submitBy = uint256(words[ConsentDigest.SUBMIT_BY]);
        ConsentStatus status = _status(signer, digest, uint256(words[ConsentDigest.EPOCH]));
        if (status.grantedAtOf() > submitBy) revert GrantedTooLate(submitBy, status.grantedAtOf());
        _checkState(status, signer, digest);
    }

    function _checkState(ConsentStatus status, address account, bytes32 digest) private pure {
        uint8 state = status.stateOf();
        if (state == NONE) revert NotGranted(account, digest);
        if (state == REVOKED) revert Revoked(account, digest);
    }

    function _checkAccess(
        ConsentDigest.Read memory read,
        Consent calldata consent,
        ConsentDigest.ReadAccess memory access
    ) private view {
        bytes32 grantee = read.words[ConsentDigest.GRANTEE];
        bytes32 reader = access.reader;
        bool mayRead =
            grantee == ConsentRules.ANY_ADMITTED_NODE
                ? _isAdmitted(reader)
                : reader == grantee && reader != 0;
        if (!mayRead) revert WrongReader(reader);
        ConsentRules.checkUse(read, access);
        ConsentRules.checkRecord(read, consent, access);
    }

    function _isAdmitted(bytes32 nodeId) private view returns (bool) {
        try nodeRegistry.nodeOf(nodeId) returns (INodeRegistry.Node memory node) {
            return node.state == ADMITTED && node.activeFrom <= block.timestamp;
        } catch {
            return false;
        }
    }

    // Asked at every read: an epoch that only the grant looked at would leave old grants alive.
    function _status(
        address account,
        bytes32 digest,
        uint256 epoch
    ) private view returns (ConsentStatus status) {
        status = _statuses[account][digest];
        if (epoch < _accounts[account].minEpoch) return status.withState(REVOKED);
    }

    // Cut off, as the fields of every address are.
    function _address(bytes32 word) private pure returns (address) {
        return address(uint160(uint256(word)));
    }

    function _revokeDigest(address account, bytes32 digest) private view returns (bytes32) {
        return _digest(ConsentDigest.revokeConsent(account, digest));
    }

    function _revokeAllDigest(address account, uint64 minEpoch) private view returns (bytes32) {
        return _digest(ConsentDigest.revokeAll(account, minEpoch));
    }

    // Used, Revoked and BadSignature have the same facts.
    function _revertFor(bytes4 reason, address account, bytes32 digest) private pure {
        if (reason != 0) LowLevelCall.bubbleRevert(abi.encodeWithSelector(reason, account, digest));
    }
}
