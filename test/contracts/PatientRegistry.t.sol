// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PatientRegistry} from "../../contracts/edge/PatientRegistry.sol";
import {IPatientRegistry} from "../../contracts/interfaces/IPatientRegistry.sol";
import {Domain} from "../../contracts/libraries/Domain.sol";
import {Identifiers} from "../../contracts/libraries/Identifiers.sol";
import {PatientMessages} from "../../contracts/libraries/PatientMessages.sol";
import {CONSENSUS} from "../../contracts/libraries/Standing.sol";
import {EdgeFixture} from "./EdgeFixture.sol";

uint256 constant PATIENTS = 3;
uint256 constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

// Three patients sign, strangers forge, everybody replays; directly and in batches.
contract PatientHandler is EdgeFixture {
    PatientRegistry public registry;
    bytes32[PATIENTS] public ids;
    uint64[PATIENTS] public seqs;
    bytes32[PATIENTS] public digests;
    uint32[PATIENTS] public epochs;
    bytes32[PATIENTS] public commitments;
    string public breach;

    IPatientRegistry.Item[] private _seen;

    constructor() {
        deployNodes();
        admit(address(0xc0), CONSENSUS);
        registry = new PatientRegistry(nodes, 100);
        for (uint256 i = 0; i < PATIENTS; ++i) {
            address authority = vm.addr(keyOf(i));
            bytes memory signature = signed(
                keyOf(i),
                digestOf(PatientMessages.openPatient(NETWORK, authority, bytes32(i), 0))
            );
            ids[i] = registry.openPatient(authority, bytes32(i), 0, signature);
        }
    }

    function setRelations(uint8 who, uint64 seq, bytes32 digest, uint8 by, bool inBatch) external {
        uint256 patient = who % PATIENTS;
        seq = by % 2 == 0 ? seqs[patient] + uint64(bound(seq, 0, 3)) : seq;
        // One in three signs with another's key, one in five with high s.
        uint256 key = by % 3 == 0 ? keyOf(patient + 1) : keyOf(patient);
        bytes32 message = digestOf(
            PatientMessages.setRelations(NETWORK, ids[patient], seq, digest)
        );
        bytes memory signature = by % 5 == 0 ? _highS(key, message) : signed(key, message);
        bool isRight = by % 3 != 0 && by % 5 != 0 && _isNext(seq, seqs[patient]);

        bytes32[] memory words = new bytes32[](3);
        (words[0], words[1], words[2]) = (ids[patient], bytes32(uint256(seq)), digest);
        bool isApplied = _send(IPatientRegistry.Item(2, words, signature), inBatch);
        if (isApplied != isRight) breach = "relations";
        if (isRight) (seqs[patient], digests[patient]) = (seq, digest);
    }

    function setScopeEpoch(
        uint8 who,
        uint32 epoch,
        bytes32 commitment,
        uint8 by,
        bool inBatch
    ) external {
        uint256 patient = who % PATIENTS;
        epoch = by % 2 == 0 ? epochs[patient] + uint32(bound(epoch, 0, 3)) : epoch;
        uint256 key = by % 3 == 0 ? keyOf(patient + 1) : keyOf(patient);
        bytes32 message = digestOf(
            PatientMessages.scopeEpoch(NETWORK, ids[patient], 1, "handle", epoch, commitment)
        );
        bool isRight = by % 3 != 0 && _isNext(epoch, epochs[patient]);

        bytes32[] memory words = new bytes32[](5);
        (words[0], words[1], words[2]) = (ids[patient], bytes32(uint256(1)), "handle");
        (words[3], words[4]) = (bytes32(uint256(epoch)), commitment);
        bool isApplied = _send(IPatientRegistry.Item(3, words, signed(key, message)), inBatch);
        if (isApplied != isRight) breach = "epoch";
        if (isRight) (epochs[patient], commitments[patient]) = (epoch, commitment);
    }

    // Whatever was ever sent, applied or not, changes nothing when it comes again.
    function replay(uint256 which, bool inBatch) external {
        if (_seen.length == 0) return;
        IPatientRegistry.Item memory item = _seen[which % _seen.length];
        bytes32 patientId = item.words[0];
        bool couldStillApply = false;
        for (uint256 i = 0; i < PATIENTS; ++i) {
            if (ids[i] != patientId) continue;
            if (item.kind == 2) couldStillApply = uint256(item.words[1]) > seqs[i];
            if (item.kind == 3) couldStillApply = uint256(item.words[3]) > epochs[i];
        }
        // What is new enough was refused for its signature, and still is.
        if (_send(item, inBatch)) breach = couldStillApply ? "forgery on second try" : "replay";
    }

    // Any words and signature that nobody made.
    function noise(uint8 kind, bytes32[] calldata words, bytes calldata signature) external {
        if (_send(IPatientRegistry.Item(kind, words, signature), true)) breach = "noise";
    }

    function keyOf(uint256 patient) public pure returns (uint256) {
        return 0xa11ce + patient;
    }

    function digestOf(bytes32 structHash) public pure returns (bytes32) {
        return Domain.digest(Domain.separator(FEDERATION), structHash);
    }

    // Whether the state of any patient changed.
    function _send(IPatientRegistry.Item memory item, bool inBatch) private returns (bool) {
        _seen.push(item);
        bytes32 before = _stateHash();
        if (inBatch) {
            IPatientRegistry.Item[] memory items = new IPatientRegistry.Item[](1);
            items[0] = item;
            vm.prank(address(0xc0));
            registry.submitBatch(items);
        } else if (item.kind == 2) {
            try
                registry.setRelations(
                    item.words[0],
                    uint64(uint256(item.words[1])),
                    item.words[2],
                    item.signature
                )
            {} catch {}
        } else if (item.kind == 3) {
            try
                registry.setScopeEpoch(
                    item.words[0],
                    uint64(uint256(item.words[1])),
                    item.words[2],
                    uint32(uint256(item.words[3])),
                    item.words[4],
                    item.signature
                )
            {} catch {}
        }
        return before != _stateHash();
    }

    function _stateHash() private view returns (bytes32 hash) {
        for (uint256 i = 0; i < PATIENTS; ++i) {
            (bytes32 digest, uint64 seq, ) = registry.relationsOf(ids[i]);
            (uint32 epoch, bytes28 commitment) = registry.scopeEpochOf(ids[i], "handle");
            hash = keccak256(
                abi.encode(hash, registry.authorityOf(ids[i]), digest, seq, epoch, commitment)
            );
        }
    }

    // Above, but not by more than a thief could use to exhaust the numbers.
    function _isNext(uint256 number, uint256 present) private pure returns (bool) {
        return number > present && number - present <= 2 ** 20;
    }

    function _highS(uint256 key, bytes32 digest) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, bytes32(ORDER - uint256(s)), v == 27 ? uint8(28) : uint8(27));
    }
}

contract PatientRegistryInvariants is EdgeFixture {
    PatientHandler private _handler;

    function setUp() external {
        _handler = new PatientHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_onlySignedMessagesCount() external view {
        check(bytes(_handler.breach()).length == 0, _handler.breach());
        PatientRegistry registry = _handler.registry();
        for (uint256 i = 0; i < PATIENTS; ++i) {
            bytes32 id = _handler.ids(i);
            (bytes32 digest, uint64 seq, ) = registry.relationsOf(id);
            (uint32 epoch, bytes28 commitment) = registry.scopeEpochOf(id, "handle");
            check(registry.authorityOf(id) == vm.addr(_handler.keyOf(i)), "authority");
            check(seq == _handler.seqs(i) && digest == _handler.digests(i), "relations");
            check(epoch == _handler.epochs(i), "epoch");
            check(commitment == bytes28(_handler.commitments(i)), "commitment");
        }
    }
}

contract PatientRegistryTest is EdgeFixture {
    PatientRegistry private _registry;

    function setUp() external {
        deployNodes();
        admit(address(0xc0), CONSENSUS);
        _registry = new PatientRegistry(nodes, 100);
    }

    function testFuzz_openPatient_computesTheId(
        uint256 key,
        bytes32 idNonce,
        bytes32 inbox
    ) external {
        key = bound(key, 1, ORDER - 1);
        address authority = vm.addr(key);
        bytes memory signature = _opening(key, authority, idNonce, inbox);
        bytes32 id = _registry.openPatient(authority, idNonce, inbox, signature);
        check(id == Identifiers.patientId(NETWORK, authority, idNonce), "id");
        check(_registry.authorityOf(id) == authority, "authority");
    }

    function testFuzz_openPatient_refusesOthersKeys(
        uint256 key,
        uint256 thief,
        bytes32 idNonce
    ) external {
        (key, thief) = (bound(key, 1, ORDER - 1), bound(thief, 1, ORDER - 1));
        vm.assume(key != thief);
        address authority = vm.addr(key);
        try _registry.openPatient(authority, idNonce, 0, _opening(thief, authority, idNonce, 0)) {
            check(false, "opened by a thief");
        } catch {}
    }

    function testFuzz_openPatient_refusesAnyChangedByte(
        uint256 key,
        uint8 place,
        uint8 change
    ) external {
        vm.assume(change != 0);
        key = bound(key, 1, ORDER - 1);
        address authority = vm.addr(key);
        bytes memory signature = _opening(key, authority, 0, 0);
        signature[uint256(place) % 65] ^= bytes1(change);
        try _registry.openPatient(authority, 0, 0, signature) {
            check(false, "opened by a changed signature");
        } catch {}
    }

    function testFuzz_submitBatch_refusesWordsTooLarge(uint256 large) external {
        bytes32[] memory words = new bytes32[](3);
        words[0] = bytes32(bound(large, uint256(type(uint160).max) + 1, type(uint256).max));
        IPatientRegistry.Item[] memory items = new IPatientRegistry.Item[](1);
        items[0] = IPatientRegistry.Item(1, words, new bytes(65));
        vm.prank(address(0xc0));
        _registry.submitBatch(items);
        check(
            _registry.authorityOf(Identifiers.patientId(NETWORK, address(uint160(large)), 0)) ==
                address(0),
            "opened"
        );
    }

    function _opening(
        uint256 key,
        address authority,
        bytes32 idNonce,
        bytes32 inbox
    ) private view returns (bytes memory) {
        bytes32 structHash = PatientMessages.openPatient(NETWORK, authority, idNonce, inbox);
        return signed(key, Domain.digest(Domain.separator(FEDERATION), structHash));
    }
}
