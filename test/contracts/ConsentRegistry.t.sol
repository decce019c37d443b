// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ConsentRegistry} from "../../contracts/consent/ConsentRegistry.sol";
import {PatientRegistry} from "../../contracts/edge/PatientRegistry.sol";
import {IPatientRegistry} from "../../contracts/interfaces/IPatientRegistry.sol";
import {ConsentDigest} from "../../contracts/libraries/ConsentDigest.sol";
import {Domain} from "../../contracts/libraries/Domain.sol";
import {CONSENSUS} from "../../contracts/libraries/Standing.sol";
import {EdgeFixture} from "./EdgeFixture.sol";

uint256 constant ACCOUNTS = 3;
uint256 constant CONSENTS = 3;

// Accounts grant and revoke, also before the grant; strangers forge, impersonate the registry and replay; by every door.
contract ConsentHandler is EdgeFixture {
    struct Told {
        bool isGranted;
        bool isRevoked;
        uint48 grantedAt;
    }

    PatientRegistry public patients;
    ConsentRegistry public consents;
    mapping(uint256 who => mapping(uint256 which => Told)) public told;
    uint64[ACCOUNTS] public minEpochs;
    uint48[ACCOUNTS] public frozen;
    bytes24 public head;
    uint64 public count;
    string public breach;

    IPatientRegistry.Item[] private _seen;

    constructor() {
        deployNodes();
        admit(address(0xc0), CONSENSUS);
        patients = new PatientRegistry(nodes, 100);
        consents = ConsentRegistry(address(patients.consents()));
        head = bytes24(keccak256(abi.encode("carelattice/revocations", NETWORK)));
    }

    function grant(uint8 who, uint8 which, uint8 by, uint8 door) external {
        uint256 account = who % ACCOUNTS;
        uint256 consent = which % CONSENTS;
        Told storage one = told[account][consent];
        bool isRight = by % 3 != 0 && !one.isGranted && !one.isRevoked;
        isRight = isRight && block.timestamp >= frozen[account];
        bytes32 digest = digestOf(consent);
        if (_send(4, account, digest, signed(_signer(account, by), digest), door) != isRight)
            breach = "grant";
        if (isRight) (one.isGranted, one.grantedAt) = (true, uint48(block.timestamp));
    }

    function revoke(uint8 who, uint8 which, uint8 by, uint8 door) external {
        uint256 account = who % ACCOUNTS;
        uint256 consent = which % CONSENTS;
        Told storage one = told[account][consent];
        bool isRight = by % 3 != 0 && !one.isRevoked;
        bytes32 digest = digestOf(consent);
        bytes32 message = ConsentDigest.revokeConsent(addressOf(account), digest);
        bytes memory signature = signed(_signer(account, by), _typed(message));
        if (_send(5, account, digest, signature, door) != isRight) breach = "revoke";
        if (!isRight) return;
        one.isRevoked = true;
        _step(1, account, digest, 0);
    }

    function revokeAll(uint8 who, uint64 epoch, uint8 by, uint8 door) external {
        uint256 account = who % ACCOUNTS;
        epoch = by % 2 == 0 ? minEpochs[account] + uint64(bound(epoch, 0, 2)) : epoch;
        bool isRight = by % 3 != 0 && epoch > minEpochs[account];
        bytes32 message = ConsentDigest.revokeAll(addressOf(account), epoch);
        bytes memory signature = signed(_signer(account, by), _typed(message));
        bool isApplied = _send(6, account, bytes32(uint256(epoch)), signature, door);
        if (isApplied != isRight) breach = "revoke all";
        if (!isRight) return;
        minEpochs[account] = epoch;
        _step(2, account, 0, epoch);
    }

    // What the registry of patients tells; from anybody else it is refused.
    function freeze(uint8 who, uint16 length, address caller) external {
        uint256 account = who % ACCOUNTS;
        uint48 until = uint48(block.timestamp + length);
        vm.prank(caller);
        try consents.setFrozen(addressOf(account), until) {
            if (caller != address(patients)) breach = "frozen by a stranger";
        } catch {}
        vm.prank(address(patients));
        consents.setFrozen(addressOf(account), until);
        if (until > frozen[account]) frozen[account] = until;
    }

    function changeAuthority(
        uint8 who,
        bytes32 digest,
        address authority,
        address caller
    ) external {
        uint256 account = who % ACCOUNTS;
        vm.prank(caller);
        try consents.authorityChanged(addressOf(account), digest, authority) {
            if (caller != address(patients)) breach = "authority changed by a stranger";
        } catch {}
        vm.prank(address(patients));
        consents.authorityChanged(addressOf(account), digest, authority);
        _step(3, account, digest, uint160(authority));
    }

    function impersonate(address caller, uint8 who, uint8 which) external {
        if (caller == address(patients)) return;
        uint256 account = who % ACCOUNTS;
        bytes32 digest = digestOf(which % CONSENTS);
        vm.prank(caller);
        try consents.applyGrant(addressOf(account), digest, signed(keyOf(account), digest)) {
            breach = "a stranger uses the inner door";
        } catch {}
    }

    // Nothing counts twice: whatever was sent changes nothing again, unless a freeze is over since.
    function replay(uint256 which, uint8 door) external {
        if (_seen.length == 0) return;
        IPatientRegistry.Item memory item = _seen[which % _seen.length];
        for (uint256 i = 0; i < ACCOUNTS; ++i)
            if (bytes32(uint256(uint160(addressOf(i)))) == item.words[0] && frozen[i] != 0) return;
        if (_sendItem(item, door)) breach = "replay";
    }

    function pass(uint16 time) external {
        vm.warp(block.timestamp + time);
    }

    function keyOf(uint256 account) public pure returns (uint256) {
        return 0xa11ce + account;
    }

    function addressOf(uint256 account) public pure returns (address) {
        return vm.addr(keyOf(account));
    }

    function digestOf(uint256 consent) public pure returns (bytes32) {
        return keccak256(abi.encode("consent", consent));
    }

    // One in three is signed by another account.
    function _signer(uint256 account, uint8 by) private pure returns (uint256) {
        return by % 3 == 0 ? keyOf(account + 1) : keyOf(account);
    }

    function _typed(bytes32 structHash) private pure returns (bytes32) {
        return Domain.digest(Domain.separator(FEDERATION), structHash);
    }

    function _step(uint8 item, uint256 account, bytes32 digest, uint256 last) private {
        head = bytes24(keccak256(abi.encode(head, item, addressOf(account), digest, last)));
        ++count;
    }

    function _send(
        uint8 kind,
        uint256 account,
        bytes32 second,
        bytes memory signature,
        uint8 door
    ) private returns (bool) {
        bytes32[] memory words = new bytes32[](2);
        (words[0], words[1]) = (bytes32(uint256(uint160(addressOf(account)))), second);
        IPatientRegistry.Item memory item = IPatientRegistry.Item(kind, words, signature);
        _seen.push(item);
        return _sendItem(item, door);
    }

    // Whether anything changed.
    function _sendItem(IPatientRegistry.Item memory item, uint8 door) private returns (bool) {
        bytes32 before = _stateHash();
        address account = address(uint160(uint256(item.words[0])));
        bytes32 second = item.words[1];
        if (door % 2 == 0) {
            IPatientRegistry.Item[] memory items = new IPatientRegistry.Item[](1);
            items[0] = item;
            vm.prank(address(0xc0));
            patients.submitBatch(items);
        } else if (item.kind == 4) {
            try consents.grant(account, second, item.signature) {} catch {}
        } else if (item.kind == 5) {
            try consents.revoke(account, second, item.signature) {} catch {}
        } else {
            try consents.revokeAll(account, uint64(uint256(second)), item.signature) {} catch {}
        }
        return before != _stateHash();
    }

    function _stateHash() private view returns (bytes32 hash) {
        (bytes24 present, uint64 steps) = consents.revocations();
        hash = keccak256(abi.encode(present, steps));
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            for (uint256 j = 0; j < CONSENTS; ++j) {
                (uint8 state, uint48 since) = consents.statusOf(
                    addressOf(i),
                    digestOf(j),
                    type(uint64).max
                );
                hash = keccak256(abi.encode(hash, state, since));
            }
        }
    }
}

contract ConsentRegistryInvariants is EdgeFixture {
    ConsentHandler private _handler;

    function setUp() external {
        _handler = new ConsentHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_onlySignedMessagesCountAndRevocationsStay() external view {
        check(bytes(_handler.breach()).length == 0, _handler.breach());
        ConsentRegistry consents = _handler.consents();
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            address account = _handler.addressOf(i);
            (uint64 minEpoch, uint48 frozenUntil) = consents.accountOf(account);
            check(minEpoch == _handler.minEpochs(i), "minEpoch");
            check(frozenUntil == _handler.frozen(i), "frozen");
            for (uint256 j = 0; j < CONSENTS; ++j) _checkStatus(consents, account, i, j, minEpoch);
        }
        (bytes24 head, uint64 count) = consents.revocations();
        check(head == _handler.head() && count == _handler.count(), "list of revocations");
    }

    function _checkStatus(
        ConsentRegistry consents,
        address account,
        uint256 i,
        uint256 j,
        uint64 minEpoch
    ) private view {
        (bool isGranted, bool isRevoked, uint48 grantedAt) = _handler.told(i, j);
        bytes32 digest = _handler.digestOf(j);
        (uint8 state, uint48 since) = consents.statusOf(account, digest, type(uint64).max);
        check(
            state ==
                (
                    isRevoked
                        ? 2
                        : isGranted
                            ? 1
                            : 0
                ),
            "state"
        );
        check(since == grantedAt, "grantedAt");
        (state, ) = consents.statusOf(account, digest, minEpoch);
        check(
            state ==
                (
                    isRevoked
                        ? 2
                        : isGranted
                            ? 1
                            : 0
                ),
            "state at minEpoch"
        );
        if (minEpoch == 0) return;
        (state, ) = consents.statusOf(account, digest, minEpoch - 1);
        check(state == 2, "state below minEpoch");
    }
}

contract ConsentRegistryTest is EdgeFixture {
    uint256 private constant ORDER =
        0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
    ConsentRegistry private _registry;

    function setUp() external {
        deployNodes();
        _registry = new ConsentRegistry(nodes, IPatientRegistry(address(this)));
    }

    function testFuzz_grant_ofAnyAccountAndDigest(
        uint256 key,
        bytes32 digest,
        uint48 time
    ) external {
        key = bound(key, 1, ORDER - 1);
        vm.warp(time);
        _registry.grant(vm.addr(key), digest, signed(key, digest));
        (uint8 state, uint48 since) = _registry.statusOf(vm.addr(key), digest, 0);
        check(state == 1 && since == time, "status");
    }

    function testFuzz_grant_refusesAnyChangedByte(uint256 key, uint8 place, uint8 change) external {
        vm.assume(change != 0);
        key = bound(key, 1, ORDER - 1);
        bytes32 digest = keccak256("consent");
        bytes memory signature = signed(key, digest);
        signature[uint256(place) % 65] ^= bytes1(change);
        try _registry.grant(vm.addr(key), digest, signature) {
            check(false, "granted by a changed signature");
        } catch {}
    }

    function testFuzz_revoke_refusesOthersKeys(
        uint256 key,
        uint256 thief,
        bytes32 digest
    ) external {
        (key, thief) = (bound(key, 1, ORDER - 1), bound(thief, 1, ORDER - 1));
        vm.assume(key != thief);
        bytes32 structHash = ConsentDigest.revokeConsent(vm.addr(key), digest);
        bytes32 message = Domain.digest(Domain.separator(FEDERATION), structHash);
        try _registry.revoke(vm.addr(key), digest, signed(thief, message)) {
            check(false, "revoked by a thief");
        } catch {}
        _registry.revoke(vm.addr(key), digest, signed(key, message));
    }

    function testFuzz_statusOf_looksAtTheEpoch(uint64 minEpoch, uint64 epoch) external {
        vm.assume(minEpoch != 0);
        bytes32 digest = keccak256("consent");
        address account = vm.addr(1);
        _registry.grant(account, digest, signed(1, digest));
        bytes32 structHash = ConsentDigest.revokeAll(account, minEpoch);
        bytes32 message = Domain.digest(Domain.separator(FEDERATION), structHash);
        _registry.revokeAll(account, minEpoch, signed(1, message));
        (uint8 state, ) = _registry.statusOf(account, digest, epoch);
        check(state == (epoch < minEpoch ? 2 : 1), "state");
    }
}
