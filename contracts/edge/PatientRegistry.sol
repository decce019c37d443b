// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {ConsentRegistry} from "../consent/ConsentRegistry.sol";
import {IConsentRegistry} from "../interfaces/IConsentRegistry.sol";
import {INodeRegistry} from "../interfaces/INodeRegistry.sol";
import {IPatientRegistry} from "../interfaces/IPatientRegistry.sol";
import {AuthorityItems} from "../libraries/AuthorityItems.sol";
import {Identifiers} from "../libraries/Identifiers.sol";
import {NetworkDomain} from "../libraries/NetworkDomain.sol";
import {PatientMessages} from "../libraries/PatientMessages.sol";
import {SignerCheck} from "../libraries/SignerCheck.sol";
import {Standing} from "../libraries/Standing.sol";
import {PatientAuthority} from "./PatientAuthority.sol";

contract PatientRegistry is IPatientRegistry, PatientAuthority {
    struct Patient {
        address authority;
        uint64 seq;
        uint32 sinceBlock;
        bytes32 relationsDigest;
    }

    struct Scope {
        uint32 epoch;
        bytes28 commitment;
    }

    uint8 private constant OPEN_PATIENT = 1;
    uint8 private constant SET_RELATIONS = 2;
    uint8 private constant SCOPE_EPOCH = 3;
    uint8 private constant GRANT = 4;
    uint8 private constant REVOKE_CONSENT = 5;
    uint8 private constant REVOKE_ALL = 6;

    // A thief of her key cannot use up the numbers that she needs when she has her account back.
    uint64 private constant LONGEST_STEP = 2 ** 20;

    INodeRegistry public immutable nodeRegistry;
    IConsentRegistry public immutable consents;
    uint32 public immutable forceSeconds;

    mapping(bytes32 patientId => Patient) private _patients;
    mapping(bytes32 patientId => mapping(bytes32 handle => Scope)) private _scopes;

    constructor(
        INodeRegistry nodeRegistry_,
        uint32 forceSeconds_
    ) NetworkDomain(nodeRegistry_.federationId(), nodeRegistry_.networkId()) {
        nodeRegistry = nodeRegistry_;
        consents = new ConsentRegistry(nodeRegistry_, this);
        forceSeconds = forceSeconds_;
    }

    // One message, by anyone

    function openPatient(
        address authority,
        bytes32 idNonce,
        bytes32 inboxKeyHash,
        bytes calldata signature
    ) external returns (bytes32 patientId) {
        _revertIf(_open(authority, idNonce, inboxKeyHash, signature));
        return Identifiers.patientId(networkId, authority, idNonce);
    }

    function setRelations(
        bytes32 patientId,
        uint64 seq,
        bytes32 relationsDigest,
        bytes calldata signature
    ) external {
        _revertIf(_setRelations(patientId, seq, relationsDigest, signature));
    }

    function setScopeEpoch(
        bytes32 patientId,
        uint64 seq,
        bytes32 handle,
        uint32 epoch,
        bytes32 commitment,
        bytes calldata signature
    ) external {
        _revertIf(_setScopeEpoch(patientId, seq, handle, epoch, commitment, signature));
    }

    // Many, by a node

    function submitBatch(Item[] calldata items) external {
        Standing standing = nodeRegistry.standingOf(msg.sender);
        if (!standing.isServing()) revert MayNotSubmit(msg.sender);
        if (!standing.isActive()) revert MayNotSubmit(msg.sender);

        for (uint256 i = 0; i < items.length; ++i) {
            Item calldata item = items[i];
            uint8 kind = item.kind;
            bytes4 reason;
            if (kind >= GRANT && kind <= REVOKE_ALL)
                reason = _passOn(kind, item.words, item.signature);
            else reason = bytes4(_apply(kind, item));
            if (reason != 0) emit ItemRefused(i, reason);
        }
    }

    // Views

    function authorityOf(bytes32 patientId) external view returns (address) {
        return _patients[patientId].authority;
    }

    function relationsOf(
        bytes32 patientId
    ) external view returns (bytes32 relationsDigest, uint64 seq, uint32 sinceBlock) {
        Patient storage patient = _patients[patientId];
        return (patient.relationsDigest, patient.seq, patient.sinceBlock);
    }

    function scopeEpochOf(
        bytes32 patientId,
        bytes32 handle
    ) external view returns (uint32 epoch, bytes28 commitment) {
        Scope storage scope = _scopes[patientId][handle];
        return (scope.epoch, scope.commitment);
    }

    // Each of the following applies a message or changes nothing and returns the error that says why:
    // a batch skips it, a direct call reverts with it.

    function _apply(uint8 kind, Item calldata item) private returns (bytes memory refusal) {
        bytes32[] calldata words = item.words;
        if (kind == OPEN_PATIENT) {
            if (words.length != 3) return _wrongCount(words.length, 3);
            if (uint256(words[0]) > type(uint160).max) return _outOfRange(words, 0);
            return _open(address(uint160(uint256(words[0]))), words[1], words[2], item.signature);
        }
        if (kind == SET_RELATIONS) {
            if (words.length != 3) return _wrongCount(words.length, 3);
            if (uint256(words[1]) > type(uint64).max) return _outOfRange(words, 1);
            return _setRelations(words[0], uint64(uint256(words[1])), words[2], item.signature);
        }
        if (kind == SCOPE_EPOCH) {
            if (words.length != 5) return _wrongCount(words.length, 5);
            if (uint256(words[1]) > type(uint64).max) return _outOfRange(words, 1);
            if (uint256(words[3]) > type(uint32).max) return _outOfRange(words, 3);
            uint64 seq = uint64(uint256(words[1]));
            uint32 epoch = uint32(uint256(words[3]));
            return _setScopeEpoch(words[0], seq, words[2], epoch, words[4], item.signature);
        }
        if (AuthorityItems.isOne(kind)) return _applyItem(kind, words, item.signature);
        return abi.encodeWithSelector(UnknownKind.selector, kind);
    }

    // What the registry of consents applies; it reverts for nobody's message either.
    function _passOn(
        uint8 kind,
        bytes32[] calldata words,
        bytes calldata signature
    ) private returns (bytes4 reason) {
        if (words.length != 2) return WrongWordCount.selector;
        (uint256 account, bytes32 what) = (uint256(words[0]), words[1]);
        if (account > type(uint160).max) return WordOutOfRange.selector;
        address signer = address(uint160(account));
        if (kind == GRANT) return consents.applyGrant(signer, what, signature);
        if (kind == REVOKE_CONSENT) return consents.applyRevoke(signer, what, signature);
        if (uint256(what) > type(uint64).max) return WordOutOfRange.selector;
        return consents.applyRevokeAll(signer, uint64(uint256(what)), signature);
    }

    function _open(
        address authority,
        bytes32 idNonce,
        bytes32 inboxKeyHash,
        bytes calldata signature
    ) private returns (bytes memory refusal) {
        bytes32 patientId = Identifiers.patientId(networkId, authority, idNonce);
        Patient storage patient = _patients[patientId];
        if (patient.authority != address(0))
            return abi.encodeWithSelector(PatientExists.selector, patientId);
        refusal = _checkSigned(
            authority,
            PatientMessages.openPatient(networkId, authority, idNonce, inboxKeyHash),
            signature
        );
        if (refusal.length != 0) return refusal;

        patient.authority = authority;
        patient.sinceBlock = uint32(block.number);
        emit PatientOpened(patientId, authority, inboxKeyHash);
    }

    function _setRelations(
        bytes32 patientId,
        uint64 seq,
        bytes32 relationsDigest,
        bytes calldata signature
    ) private returns (bytes memory refusal) {
        Patient storage patient = _patients[patientId];
        (address authority, uint64 present) = (patient.authority, patient.seq);
        if (authority == address(0))
            return abi.encodeWithSelector(UnknownPatient.selector, patientId);
        if (seq <= present) return abi.encodeWithSelector(OldSeq.selector, patientId, seq, present);
        if (seq - present > LONGEST_STEP) return _tooFar(patientId, seq);
        refusal = _checkOwner(
            patientId,
            authority,
            PatientMessages.setRelations(networkId, patientId, seq, relationsDigest),
            signature
        );
        if (refusal.length != 0) return refusal;

        patient.seq = seq;
        patient.sinceBlock = uint32(block.number);
        patient.relationsDigest = relationsDigest;
        emit RelationsSet(patientId, seq, relationsDigest);
    }

    function _setScopeEpoch(
        bytes32 patientId,
        uint64 seq,
        bytes32 handle,
        uint32 epoch,
        bytes32 commitment,
        bytes calldata signature
    ) private returns (bytes memory refusal) {
        address authority = _patients[patientId].authority;
        if (authority == address(0))
            return abi.encodeWithSelector(UnknownPatient.selector, patientId);
        uint32 present = _scopes[patientId][handle].epoch;
        if (epoch <= present)
            return abi.encodeWithSelector(OldEpoch.selector, patientId, handle, epoch, present);
        if (epoch - present > LONGEST_STEP) return _tooFar(patientId, epoch);
        refusal = _checkOwner(
            patientId,
            authority,
            PatientMessages.scopeEpoch(networkId, patientId, seq, handle, epoch, commitment),
            signature
        );
        if (refusal.length != 0) return refusal;

        _scopes[patientId][handle] = Scope({epoch: epoch, commitment: bytes28(commitment)});
        emit ScopeEpochSet(patientId, handle, epoch, commitment, seq);
    }

    function _owner(bytes32 patientId) internal view override returns (address) {
        return _patients[patientId].authority;
    }

    function _setOwner(bytes32 patientId, address authority, bytes32 digest) internal override {
        address former = _patients[patientId].authority;
        _patients[patientId].authority = authority;
        consents.authorityChanged(former, digest, authority);
    }

    function _freezeGrants(address account, uint40 until) internal override {
        consents.setFrozen(account, until);
    }

    function _checkOwner(
        bytes32 patientId,
        address authority,
        bytes32 structHash,
        bytes calldata signature
    ) private view returns (bytes memory refusal) {
        uint40 until = _frozenUntil(patientId);
        if (until > block.timestamp)
            return abi.encodeWithSelector(AuthorityFrozen.selector, patientId, until);
        return _checkSigned(authority, structHash, signature);
    }

    function _checkSigned(
        address authority,
        bytes32 structHash,
        bytes calldata signature
    ) private view returns (bytes memory refusal) {
        bytes32 digest = _digest(structHash);
        if (SignerCheck.isValid(authority, digest, signature)) return refusal;
        return abi.encodeWithSelector(BadSignature.selector, authority, digest);
    }

    function _revertIf(bytes memory refusal) private pure {
        if (refusal.length != 0) LowLevelCall.bubbleRevert(refusal);
    }

    function _tooFar(bytes32 patientId, uint64 number) private pure returns (bytes memory) {
        return abi.encodeWithSelector(NumberTooFar.selector, patientId, number);
    }

    function _wrongCount(uint256 words, uint256 expected) private pure returns (bytes memory) {
        return abi.encodeWithSelector(WrongWordCount.selector, words, expected);
    }

    function _outOfRange(
        bytes32[] calldata words,
        uint256 index
    ) private pure returns (bytes memory) {
        return abi.encodeWithSelector(WordOutOfRange.selector, index, words[index]);
    }
}
