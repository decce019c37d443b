// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {IPatientAuthority} from "../interfaces/IPatientAuthority.sol";
import {IPatientRegistry} from "../interfaces/IPatientRegistry.sol";
import {AuthorityItems} from "../libraries/AuthorityItems.sol";
import {AuthorityMessages, PatientRow} from "../libraries/AuthorityMessages.sol";
import {Approval, Guardians} from "../libraries/Guardians.sol";
import {NetworkDomain} from "../libraries/NetworkDomain.sol";
import {SignerCheck} from "../libraries/SignerCheck.sol";

abstract contract PatientAuthority is IPatientAuthority, NetworkDomain {
    // Owner and guardians count apart: neither can use up the other's numbers.
    struct Guard {
        uint64 ownerSeq;
        uint64 guardianSeq;
        uint40 frozenUntil;
        uint40 effectiveFrom;
        uint32 delay;
        uint8 threshold;
        uint8 pending;
    }

    // For other guardians `word` is their root, for another account the digest of the message that named it.
    struct Change {
        address authority;
        uint32 delay;
        uint8 threshold;
        bytes32 word;
    }

    uint8 private constant ROTATION = 1;
    uint8 private constant RECOVERY = 2;
    uint8 private constant OTHER_GUARDIANS = 3;

    // A freeze is never shorter than the delay, so that guardians who freeze a thief out can end their recovery.
    uint32 private constant LONGEST = 30 days;
    uint256 private constant MOST_ROWS = 32;

    mapping(bytes32 patientId => Guard) private _guards;
    mapping(bytes32 patientId => bytes32) private _guardiansRoots;
    mapping(bytes32 patientId => Change) private _changes;
    mapping(bytes32 digest => bool) private _isApplied;

    // By the owner

    function setGuardians(
        bytes32 patientId,
        uint64 seq,
        bytes32 guardiansRoot,
        uint8 threshold,
        uint32 delay,
        Signatures calldata signatures
    ) external {
        bool isSome =
            guardiansRoot != 0 &&
                threshold >= Guardians.FEWEST &&
                threshold <= Guardians.MOST &&
                delay != 0 &&
                delay <= LONGEST;
        if (!isSome && (guardiansRoot != 0 || threshold != 0 || delay != 0))
            revert WrongGuardians(guardiansRoot, threshold, delay);
        bytes32 digest = _digest(
            AuthorityMessages.setGuardians(
                networkId,
                patientId,
                seq,
                guardiansRoot,
                threshold,
                delay
            )
        );
        address owner = _takeOwners(patientId, seq, digest, signatures.owner);

        Change memory change = Change(address(0), delay, threshold, guardiansRoot);
        _applyOrWait(patientId, OTHER_GUARDIANS, change, owner, digest, signatures.guardians);
    }

    function setAuthority(
        address account,
        address authority,
        uint256 nonce,
        PatientRow[] calldata rows,
        Signatures calldata signatures
    ) external {
        if (rows.length > MOST_ROWS) revert WrongRows(rows.length);
        bytes32 digest = _digest(AuthorityMessages.setAuthority(account, authority, nonce, rows));
        if (_isApplied[digest]) revert AppliedBefore(digest);
        _isApplied[digest] = true;
        _requireSigned(account, digest, signatures.owner);
        _requireSigned(authority, digest, signatures.successor);

        uint256 own = 0;
        for (uint256 i = 0; i < rows.length; ++i) {
            if (rows[i].networkId != networkId) continue;
            ++own;
            _rotate(rows[i].patientId, account, authority, digest, signatures.guardians);
        }
        if (own == 0) revert WrongRows(rows.length);
    }

    function vetoRecovery(bytes32 patientId, uint64 seq, bytes calldata signature) external {
        bytes32 digest = _digest(AuthorityMessages.vetoRecovery(networkId, patientId, seq));
        _takeOwners(patientId, seq, digest, signature);
        if (_guards[patientId].pending == 0) revert NothingPending(patientId);
        _drop(patientId);
    }

    function setInboxKey(
        bytes32 patientId,
        uint64 seq,
        bytes32 kemKeyHash,
        bytes calldata signature
    ) external {
        bytes32 digest = _digest(
            AuthorityMessages.setInboxKey(networkId, patientId, seq, kemKeyHash)
        );
        _takeOwners(patientId, seq, digest, signature);
        emit InboxKeySet(patientId, kemKeyHash);
    }

    // By guardians

    function recoverAuthority(
        bytes32 patientId,
        uint64 seq,
        address authority,
        Signatures calldata signatures
    ) external {
        bytes32 digest = _digest(
            AuthorityMessages.recoverAuthority(networkId, patientId, seq, authority)
        );
        address owner = _takeGuardians(patientId, seq, digest, signatures.guardians);
        if (authority == owner) revert SameAuthority(patientId, authority);
        _requireSigned(authority, digest, signatures.successor);
        _wait(patientId, RECOVERY, Change(authority, 0, 0, digest));
    }

    function freezeAuthority(
        bytes32 patientId,
        uint64 seq,
        uint32 duration,
        Signatures calldata signatures
    ) external {
        if (duration == 0 || duration > LONGEST) revert WrongDuration(duration);
        _requireNotFrozen(patientId);
        bytes32 digest = _digest(
            AuthorityMessages.freezeAuthority(networkId, patientId, seq, duration)
        );
        address owner = _takeGuardians(patientId, seq, digest, signatures.guardians);

        Guard storage guard = _guards[patientId];
        uint40 until = uint40(block.timestamp + duration);
        guard.frozenUntil = until;
        if (guard.pending != 0 && guard.pending != RECOVERY) _drop(patientId);
        _freezeGrants(owner, until);
        emit FreezeSet(patientId, until);
    }

    // By anyone

    function completeAuthority(bytes32 patientId) external {
        Guard storage guard = _guards[patientId];
        (uint8 kind, uint40 effectiveFrom) = (guard.pending, guard.effectiveFrom);
        if (kind == 0) revert NothingPending(patientId);
        if (block.timestamp < effectiveFrom) revert TooEarly(patientId, effectiveFrom);
        _apply(patientId, kind, _changes[patientId]);
    }

    // Views

    function guardOf(
        bytes32 patientId
    )
        external
        view
        returns (
            bytes32 guardiansRoot,
            uint8 threshold,
            uint32 delay,
            uint64 ownerSeq,
            uint64 guardianSeq,
            uint64 frozenUntil
        )
    {
        Guard storage guard = _guards[patientId];
        return (
            _guardiansRoots[patientId],
            guard.threshold,
            guard.delay,
            guard.ownerSeq,
            guard.guardianSeq,
            guard.frozenUntil
        );
    }

    function pendingOf(
        bytes32 patientId
    ) external view returns (uint8 kind, address authority, uint64 effectiveFrom) {
        Guard storage guard = _guards[patientId];
        return (guard.pending, _changes[patientId].authority, guard.effectiveFrom);
    }

    // What the registry gives and takes

    function _owner(bytes32 patientId) internal view virtual returns (address);

    function _setOwner(bytes32 patientId, address authority, bytes32 digest) internal virtual;

    function _freezeGrants(address account, uint40 until) internal virtual;

    function _frozenUntil(bytes32 patientId) internal view returns (uint40) {
        return _guards[patientId].frozenUntil;
    }

    // An item of a batch calls its own function, so that whatever is wrong with it stays with it. Its words and its
    // signature, one behind the other, are the arguments as the ABI encodes them.
    function _applyItem(
        uint8 kind,
        bytes32[] calldata words,
        bytes calldata signature
    ) internal returns (bytes memory refusal) {
        bytes memory call = abi.encodePacked(AuthorityItems.selectorOf(kind), words, signature);
        uint256 gasBefore = gasleft();
        if (LowLevelCall.callNoReturn(address(this), call)) return refusal;
        refusal = LowLevelCall.returnData();
        // What failed for want of gas is no refusal: estimates would end there.
        if (bytes4(refusal) == TooLittleGas.selector) LowLevelCall.bubbleRevert(refusal);
        if (refusal.length != 0) return refusal;
        if (gasleft() < gasBefore / 16) revert TooLittleGas(gasBefore);
        return abi.encodeWithSelector(MalformedItem.selector, kind);
    }

    function _rotate(
        bytes32 patientId,
        address account,
        address authority,
        bytes32 digest,
        Approval[] calldata approvals
    ) private {
        address owner = _owner(patientId);
        if (owner != account) revert NotHerAuthority(patientId, account);
        if (owner == authority) revert SameAuthority(patientId, authority);
        _requireNotFrozen(patientId);

        Change memory change = Change(authority, 0, 0, digest);
        _applyOrWait(patientId, ROTATION, change, owner, digest, approvals);
    }

    function _takeOwners(
        bytes32 patientId,
        uint64 seq,
        bytes32 digest,
        bytes calldata signature
    ) private returns (address owner) {
        owner = _take(patientId, seq, true);
        _requireNotFrozen(patientId);
        _requireSigned(owner, digest, signature);
    }

    function _takeGuardians(
        bytes32 patientId,
        uint64 seq,
        bytes32 digest,
        Approval[] calldata approvals
    ) private returns (address owner) {
        owner = _take(patientId, seq, false);
        if (_guards[patientId].threshold == 0) revert NoGuardians(patientId);
        _requireApproved(patientId, owner, digest, approvals);
    }

    function _take(bytes32 patientId, uint64 seq, bool isOwners) private returns (address owner) {
        owner = _owner(patientId);
        if (owner == address(0)) revert IPatientRegistry.UnknownPatient(patientId);
        Guard storage guard = _guards[patientId];
        uint64 next = (isOwners ? guard.ownerSeq : guard.guardianSeq) + 1;
        if (seq != next) revert WrongSeq(patientId, seq, next);
        if (isOwners) guard.ownerSeq = next;
        else guard.guardianSeq = next;
    }

    // At once without guardians or with their signatures; else it waits, but never in a recovery's place.
    function _applyOrWait(
        bytes32 patientId,
        uint8 kind,
        Change memory change,
        address owner,
        bytes32 digest,
        Approval[] calldata approvals
    ) private {
        Guard storage guard = _guards[patientId];
        bool isGuarded = guard.threshold != 0;
        if (isGuarded && approvals.length == 0) {
            if (guard.pending == RECOVERY) revert RecoveryPending(patientId);
            return _wait(patientId, kind, change);
        }
        if (isGuarded) _requireApproved(patientId, owner, digest, approvals);
        _apply(patientId, kind, change);
    }

    function _wait(bytes32 patientId, uint8 kind, Change memory change) private {
        Guard storage guard = _guards[patientId];
        uint40 effectiveFrom = uint40(block.timestamp + guard.delay);
        (guard.pending, guard.effectiveFrom) = (kind, effectiveFrom);
        _changes[patientId] = change;
        emit ChangePending(patientId, kind, change.authority, effectiveFrom);
    }

    function _drop(bytes32 patientId) private {
        _clear(patientId);
        emit ChangeDropped(patientId);
    }

    function _clear(bytes32 patientId) private {
        Guard storage guard = _guards[patientId];
        (guard.pending, guard.effectiveFrom) = (0, 0);
        delete _changes[patientId];
    }

    // Ends whatever was pending.
    function _apply(bytes32 patientId, uint8 kind, Change memory change) private {
        Guard storage guard = _guards[patientId];
        if (guard.pending != 0) _clear(patientId);
        if (kind == OTHER_GUARDIANS) {
            (guard.threshold, guard.delay) = (change.threshold, change.delay);
            _guardiansRoots[patientId] = change.word;
            emit GuardiansSet(patientId, change.word, change.threshold, change.delay);
            return;
        }
        // The thief is out: what held him ends.
        if (kind == RECOVERY) guard.frozenUntil = 0;
        _setOwner(patientId, change.authority, change.word);
        emit AuthoritySet(patientId, change.authority, kind);
    }

    function _requireNotFrozen(bytes32 patientId) private view {
        uint40 until = _guards[patientId].frozenUntil;
        if (until > block.timestamp) revert AuthorityFrozen(patientId, until);
    }

    function _requireApproved(
        bytes32 patientId,
        address owner,
        bytes32 digest,
        Approval[] calldata approvals
    ) private view {
        Guardians.requireApproved(
            patientId,
            owner,
            _guardiansRoots[patientId],
            _guards[patientId].threshold,
            digest,
            approvals
        );
    }

    function _requireSigned(
        address account,
        bytes32 digest,
        bytes calldata signature
    ) private view {
        if (!SignerCheck.isValid(account, digest, signature)) revert BadSignature(account, digest);
    }
}
