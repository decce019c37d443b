// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PatientRegistry} from "../../contracts/edge/PatientRegistry.sol";
import {IPatientAuthority} from "../../contracts/interfaces/IPatientAuthority.sol";
import {IPatientRegistry} from "../../contracts/interfaces/IPatientRegistry.sol";
import {AuthorityMessages, PatientRow} from "../../contracts/libraries/AuthorityMessages.sol";
import {Domain} from "../../contracts/libraries/Domain.sol";
import {Approval, Guardians} from "../../contracts/libraries/Guardians.sol";
import {PatientMessages} from "../../contracts/libraries/PatientMessages.sol";
import {CONSENSUS} from "../../contracts/libraries/Standing.sol";
import {EdgeFixture} from "./EdgeFixture.sol";

uint256 constant GUARDIANS = 4;

// A patient with up to four guardians. Owner, thief, guardians and strangers sign, forge, replay and wait; each action
// knows from the model whether it has to succeed, and says so when the registry thinks otherwise.
contract AuthorityHandler is EdgeFixture {
    PatientRegistry public registry;
    bytes32 public id;
    string public breach;

    // The model
    uint256 public owner = 0xa11ce;
    uint8 public threshold;
    uint32 public delay;
    uint64 public ownerSeq;
    uint64 public guardianSeq;
    uint256 public frozenUntil;
    uint8 public pending;
    uint256 public effectiveFrom;
    uint256 public pendingOwner;
    uint8 public pendingThreshold;
    uint32 public pendingDelay;

    uint256 private _time = 1_800_000_000;
    uint256 private _nextOwner = 0xb0b;
    uint256 private _nonce;
    bytes[] private _seen;

    constructor() {
        vm.warp(_time);
        deployNodes();
        admit(address(0xc0), CONSENSUS);
        registry = new PatientRegistry(nodes, 100);
        address account = vm.addr(owner);
        bytes32 digest = digestOf(PatientMessages.openPatient(NETWORK, account, 0, 0));
        id = registry.openPatient(account, 0, 0, signed(owner, digest));
    }

    function setGuardians(
        uint8 count,
        uint32 newDelay,
        uint8 by,
        uint8 approving,
        bool inBatch
    ) external {
        count = uint8(bound(count, 1, 3));
        // One means none at all.
        uint8 newThreshold = count == 1 ? 0 : count;
        newDelay = newThreshold == 0 ? 0 : uint32(bound(newDelay, 1, 31 days));
        bytes32 newRoot = newThreshold == 0 ? bytes32(0) : root();
        bytes32 digest = digestOf(
            AuthorityMessages.setGuardians(
                NETWORK,
                id,
                ownerSeq + 1,
                newRoot,
                newThreshold,
                newDelay
            )
        );
        IPatientAuthority.Signatures memory signatures;
        signatures.owner = signed(_owners(by), digest);
        signatures.guardians = _approvals(approving, digest);
        bool isRight = _isOwners(by) && newDelay <= 30 days && _mayChange(approving);

        bool isApplied = _send(
            8,
            abi.encode(id, ownerSeq + 1, newRoot, newThreshold, newDelay, signatures),
            inBatch
        );
        if (isApplied != isRight) breach = "guardians";
        if (!isApplied) return;
        ++ownerSeq;
        if (_isAtOnce(approving)) {
            (threshold, delay, pending) = (newThreshold, newDelay, 0);
        } else {
            (pendingThreshold, pendingDelay) = (newThreshold, newDelay);
            _wait(3);
        }
    }

    function setAuthority(uint8 by, uint8 approving, bool isHeld, bool inBatch) external {
        PatientRow[] memory rows = new PatientRow[](1);
        rows[0] = PatientRow(NETWORK, id);
        address account = vm.addr(_owners(by));
        uint256 successor = ++_nextOwner;
        bytes32 digest = _rotation(account, vm.addr(successor), ++_nonce, rows);
        IPatientAuthority.Signatures memory signatures;
        signatures.owner = signed(_owners(by), digest);
        signatures.successor = signed(isHeld ? successor : 0xdead, digest);
        signatures.guardians = _approvals(approving, digest);
        bool isRight = _isOwners(by) && isHeld && _mayChange(approving);

        bytes memory arguments = abi.encode(account, vm.addr(successor), _nonce, rows, signatures);
        bool isApplied = _send(7, arguments, inBatch);
        if (isApplied != isRight) breach = "rotation";
        if (!isApplied) return;
        if (_isAtOnce(approving)) {
            (owner, pending) = (successor, 0);
        } else {
            pendingOwner = successor;
            _wait(1);
        }
    }

    function recover(uint8 approving, bool isHeld, bool inBatch) external {
        uint256 successor = ++_nextOwner;
        bytes32 digest = digestOf(
            AuthorityMessages.recoverAuthority(NETWORK, id, guardianSeq + 1, vm.addr(successor))
        );
        IPatientAuthority.Signatures memory signatures;
        signatures.successor = signed(isHeld ? successor : 0xdead, digest);
        signatures.guardians = _approvals(approving, digest);
        bool isRight = threshold != 0 && isHeld && _isApproved(approving);

        bytes memory arguments = abi.encode(id, guardianSeq + 1, vm.addr(successor), signatures);
        bool isApplied = _send(9, arguments, inBatch);
        if (isApplied != isRight) breach = "recovery";
        if (!isApplied) return;
        ++guardianSeq;
        pendingOwner = successor;
        _wait(2);
    }

    function veto(uint8 by, bool inBatch) external {
        bytes32 digest = digestOf(AuthorityMessages.vetoRecovery(NETWORK, id, ownerSeq + 1));
        bool isRight = _isOwners(by) && !_isFrozen() && pending != 0;
        bytes memory arguments = abi.encode(id, ownerSeq + 1, signed(_owners(by), digest));
        bool isApplied = _send(10, arguments, inBatch);
        if (isApplied != isRight) breach = "veto";
        if (!isApplied) return;
        ++ownerSeq;
        pending = 0;
    }

    function freeze(uint8 approving, uint32 duration, bool inBatch) external {
        duration = uint32(bound(duration, 0, 31 days));
        bytes32 digest = digestOf(
            AuthorityMessages.freezeAuthority(NETWORK, id, guardianSeq + 1, duration)
        );
        IPatientAuthority.Signatures memory signatures;
        signatures.guardians = _approvals(approving, digest);
        bool isRight = threshold != 0 && _isApproved(approving) && !_isFrozen();
        isRight = isRight && duration != 0 && duration <= 30 days;

        bytes memory arguments = abi.encode(id, guardianSeq + 1, duration, signatures);
        bool isApplied = _send(11, arguments, inBatch);
        if (isApplied != isRight) breach = "freeze";
        if (!isApplied) return;
        ++guardianSeq;
        frozenUntil = _time + duration;
        if (pending != 2) pending = 0;
    }

    function setRelations(uint8 by, bytes32 relations) external {
        (, uint64 seq, ) = registry.relationsOf(id);
        bytes32 digest = digestOf(PatientMessages.setRelations(NETWORK, id, seq + 1, relations));
        bool isRight = _isOwners(by) && !_isFrozen();
        bool isApplied = true;
        try registry.setRelations(id, seq + 1, relations, signed(_owners(by), digest)) {} catch {
            isApplied = false;
        }
        if (isApplied != isRight) breach = "relations";
    }

    function complete() external {
        bool isRight = pending != 0 && _time >= effectiveFrom;
        bool isApplied = true;
        try registry.completeAuthority(id) {} catch {
            isApplied = false;
        }
        if (isApplied != isRight) breach = "completion";
        if (!isApplied) return;
        if (pending == 3) (threshold, delay) = (pendingThreshold, pendingDelay);
        else owner = pendingOwner;
        if (pending == 2) frozenUntil = 0;
        pending = 0;
    }

    function pass(uint32 time) external {
        _time += bound(time, 1, 20 days);
        vm.warp(_time);
    }

    // Whatever was sent before changes nothing when it comes again.
    function replay(uint256 which, bool inBatch) external {
        if (_seen.length == 0) return;
        bytes memory item = _seen[which % _seen.length];
        (uint8 kind, bytes memory arguments) = abi.decode(item, (uint8, bytes));
        // What was refused for a freeze or for its place may be right by now: it is not looked at.
        if (_wasApplied[keccak256(item)] && _send(kind, arguments, inBatch)) breach = "replay";
    }

    function noise(uint8 kind, bytes calldata arguments) external {
        if (_send(uint8(bound(kind, 7, 12)), arguments, true)) breach = "noise";
    }

    mapping(bytes32 item => bool) private _wasApplied;

    function digestOf(bytes32 structHash) public pure returns (bytes32) {
        return Domain.digest(Domain.separator(FEDERATION), structHash);
    }

    // Four leaves, pairs sorted.
    function root() public view returns (bytes32) {
        return _pair(_pair(_leaf(0), _leaf(1)), _pair(_leaf(2), _leaf(3)));
    }

    function stateHash() public view returns (bytes32) {
        (bytes32 a, uint8 b, uint32 c, uint64 d, uint64 e, uint64 f) = registry.guardOf(id);
        (uint8 g, address h, uint64 i) = registry.pendingOf(id);
        return keccak256(abi.encode(a, b, c, d, e, f, g, h, i, registry.authorityOf(id)));
    }

    // Three in four messages are signed by the owner, the others by a thief without her key.
    function _isOwners(uint8 by) private pure returns (bool) {
        return by % 4 != 0;
    }

    function _owners(uint8 by) private view returns (uint256) {
        return _isOwners(by) ? owner : 0xbad;
    }

    // How many of them approve: as many as needed, none, or one too few or too many.
    function _count(uint8 approving) private view returns (uint256) {
        uint256 way = approving % 4;
        if (way == 0) return 0;
        if (way == 1 && threshold > 0) return threshold - 1;
        return way == 2 ? threshold + 1 : threshold;
    }

    function _isApproved(uint8 approving) private view returns (bool) {
        return approving < 200 && _count(approving) == threshold;
    }

    function _isAtOnce(uint8 approving) private view returns (bool) {
        return threshold == 0 || _count(approving) != 0;
    }

    function _mayChange(uint8 approving) private view returns (bool) {
        if (_isFrozen()) return false;
        if (threshold == 0) return true;
        if (_count(approving) == 0) return pending != 2;
        return _isApproved(approving);
    }

    function _isFrozen() private view returns (bool) {
        return frozenUntil > _time;
    }

    function _wait(uint8 kind) private {
        (pending, effectiveFrom) = (kind, _time + delay);
    }

    // From 200 on the last one is forged, or the one before it comes again.
    function _approvals(
        uint8 approving,
        bytes32 digest
    ) private view returns (Approval[] memory approvals) {
        uint256 count = _count(approving);
        uint256[GUARDIANS] memory order = _ascending();
        approvals = new Approval[](count < GUARDIANS ? count : GUARDIANS);
        for (uint256 i = 0; i < approvals.length; ++i) {
            uint256 which = order[i];
            bool isForged = approving >= 200 && i + 1 == approvals.length;
            approvals[i].account = vm.addr(_key(which));
            approvals[i].salt = bytes32(which);
            approvals[i].proof = new bytes32[](2);
            approvals[i].proof[0] = _leaf(which ^ 1);
            approvals[i].proof[1] =
                which < 2 ? _pair(_leaf(2), _leaf(3)) : _pair(_leaf(0), _leaf(1));
            approvals[i].signature = signed(isForged ? 0xbad : _key(which), digest);
            if (isForged && approving % 2 == 1 && i > 0) approvals[i] = approvals[i - 1];
        }
    }

    function _ascending() private pure returns (uint256[GUARDIANS] memory order) {
        for (uint256 i = 0; i < GUARDIANS; ++i) order[i] = i;
        for (uint256 i = 0; i < GUARDIANS; ++i) {
            for (uint256 j = i + 1; j < GUARDIANS; ++j) {
                if (vm.addr(_key(order[i])) > vm.addr(_key(order[j])))
                    (order[i], order[j]) = (order[j], order[i]);
            }
        }
    }

    function _key(uint256 guardian) private pure returns (uint256) {
        return 0x9a4d1a9 + guardian;
    }

    function _leaf(uint256 guardian) private view returns (bytes32) {
        return Guardians.leafOf(id, vm.addr(_key(guardian)), bytes32(guardian));
    }

    function _pair(bytes32 a, bytes32 b) private pure returns (bytes32) {
        return keccak256(a < b ? abi.encode(a, b) : abi.encode(b, a));
    }

    function _rotation(
        address account,
        address successor,
        uint256 nonce,
        PatientRow[] memory rows
    ) private view returns (bytes32) {
        return this.rotationOf(account, successor, nonce, rows);
    }

    function rotationOf(
        address account,
        address successor,
        uint256 nonce,
        PatientRow[] calldata rows
    ) external pure returns (bytes32) {
        return digestOf(AuthorityMessages.setAuthority(account, successor, nonce, rows));
    }

    // Whether anything changed.
    function _send(
        uint8 kind,
        bytes memory arguments,
        bool inBatch
    ) private returns (bool isApplied) {
        bytes32 before = stateHash();
        if (inBatch) {
            IPatientRegistry.Item[] memory items = new IPatientRegistry.Item[](1);
            items[0] = IPatientRegistry.Item(kind, new bytes32[](0), arguments);
            vm.prank(address(0xc0));
            registry.submitBatch(items);
        } else {
            (bool ignored, ) = address(registry).call(bytes.concat(_selector(kind), arguments));
            ignored;
        }
        isApplied = before != stateHash();
        bytes memory item = abi.encode(kind, arguments);
        if (isApplied) _wasApplied[keccak256(item)] = true;
        _seen.push(item);
    }

    function _selector(uint8 kind) private pure returns (bytes4) {
        if (kind == 7) return IPatientAuthority.setAuthority.selector;
        if (kind == 8) return IPatientAuthority.setGuardians.selector;
        if (kind == 9) return IPatientAuthority.recoverAuthority.selector;
        if (kind == 10) return IPatientAuthority.vetoRecovery.selector;
        if (kind == 11) return IPatientAuthority.freezeAuthority.selector;
        return IPatientAuthority.setInboxKey.selector;
    }
}

contract PatientAuthorityInvariants is EdgeFixture {
    AuthorityHandler private _handler;

    function setUp() external {
        _handler = new AuthorityHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_accountsChangeOnlyAsGuarded() external view {
        check(bytes(_handler.breach()).length == 0, _handler.breach());
        PatientRegistry registry = _handler.registry();
        bytes32 id = _handler.id();
        check(registry.authorityOf(id) == vm.addr(_handler.owner()), "authority");
        (
            bytes32 root,
            uint8 threshold,
            uint32 delay,
            uint64 ownerSeq,
            uint64 guardianSeq,
            uint64 frozenUntil
        ) = registry.guardOf(id);
        check(root == (threshold == 0 ? bytes32(0) : _handler.root()), "root");
        check(threshold == _handler.threshold() && delay == _handler.delay(), "guardians");
        check(ownerSeq == _handler.ownerSeq(), "owner's seq");
        check(guardianSeq == _handler.guardianSeq(), "guardians' seq");
        check(frozenUntil == _handler.frozenUntil(), "freeze");
        (uint8 pending, , uint64 effectiveFrom) = registry.pendingOf(id);
        check(pending == _handler.pending(), "pending");
        check(pending == 0 || effectiveFrom == _handler.effectiveFrom(), "time");
    }
}
