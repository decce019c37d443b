// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ConsentRegistry} from "../../contracts/consent/ConsentRegistry.sol";
import {IPatientRegistry} from "../../contracts/interfaces/IPatientRegistry.sol";
import {ConsentDigest} from "../../contracts/libraries/ConsentDigest.sol";
import {Domain} from "../../contracts/libraries/Domain.sol";
import {EdgeFixture} from "./EdgeFixture.sol";

// Every order and duplication of two grants, a revocation and two revocations of all, up to seven messages: 97,655
// sequences, each on the real contract. A step applies a message, goes on from there, and reverts, which takes it back.
contract ConsentOrdersTest is EdgeFixture {
    uint256 private constant MESSAGES = 5;
    uint256 private constant LENGTH = 7;
    uint256 private constant KEY = 0xa11ce;
    uint8 private constant GRANT_FIRST = 0;
    uint8 private constant GRANT_SECOND = 1;
    uint8 private constant REVOKE_FIRST = 2;
    uint8 private constant REVOKE_BELOW_1 = 3;

    bytes32 private constant FIRST = keccak256("consent of epoch 0");
    bytes32 private constant SECOND = keccak256("consent of epoch 1");

    // What the messages so far come to: the law, told without the contract's storage.
    struct Law {
        bool isFirstGranted;
        bool isSecondGranted;
        bool isFirstRevoked;
        uint64 minEpoch;
        uint64 revocations;
    }

    ConsentRegistry private _registry;
    address private _account;
    bytes[MESSAGES] private _signatures;

    error Done(uint256 sequences);

    function setUp() external {
        deployNodes();
        _registry = new ConsentRegistry(nodes, IPatientRegistry(address(this)));
        _account = vm.addr(KEY);
        bytes32 separator = Domain.separator(FEDERATION);
        _signatures[GRANT_FIRST] = signed(KEY, FIRST);
        _signatures[GRANT_SECOND] = signed(KEY, SECOND);
        bytes32 revocation = ConsentDigest.revokeConsent(_account, FIRST);
        _signatures[REVOKE_FIRST] = signed(KEY, Domain.digest(separator, revocation));
        for (uint64 epoch = 1; epoch <= 2; ++epoch) {
            bytes32 ofAll = ConsentDigest.revokeAll(_account, epoch);
            _signatures[REVOKE_BELOW_1 + epoch - 1] = signed(KEY, Domain.digest(separator, ofAll));
        }
    }

    function test_hostile15_noOrderAllowsAfterARevocation() external {
        Law memory none;
        check(_explore(none, 1) == 97_655, "not every sequence");
    }

    function step(uint8 message, Law memory law, uint256 length) external {
        bool isApplied = _send(message);
        check(isApplied == _obey(law, message), "applied");
        _compare(law);
        revert Done(1 + (length == LENGTH ? 0 : _explore(law, length + 1)));
    }

    function _explore(Law memory law, uint256 length) private returns (uint256 sequences) {
        for (uint8 message = 0; message < MESSAGES; ++message) {
            try this.step(message, law, length) {
                check(false, "a step stays");
            } catch (bytes memory answer) {
                check(bytes4(answer) == Done.selector, string(answer));
                (, uint256 more) = abi.decode(bytes.concat(bytes28(0), answer), (uint256, uint256));
                sequences += more;
            }
        }
    }

    function _send(uint8 message) private returns (bool isApplied) {
        bytes memory signature = _signatures[message];
        bytes4 refusal;
        if (message == GRANT_FIRST) refusal = _registry.applyGrant(_account, FIRST, signature);
        else if (message == GRANT_SECOND)
            refusal = _registry.applyGrant(_account, SECOND, signature);
        else if (message == REVOKE_FIRST)
            refusal = _registry.applyRevoke(_account, FIRST, signature);
        else
            refusal = _registry.applyRevokeAll(
                _account,
                message == REVOKE_BELOW_1 ? 1 : 2,
                signature
            );
        return refusal == 0;
    }

    // What the message does by the law, and whether it does anything.
    function _obey(Law memory law, uint8 message) private pure returns (bool changes) {
        if (message == GRANT_FIRST) {
            changes = !law.isFirstGranted && !law.isFirstRevoked;
            if (changes) law.isFirstGranted = true;
        } else if (message == GRANT_SECOND) {
            changes = !law.isSecondGranted;
            law.isSecondGranted = true;
        } else if (message == REVOKE_FIRST) {
            changes = !law.isFirstRevoked;
            law.isFirstRevoked = true;
        } else {
            uint64 epoch = message == REVOKE_BELOW_1 ? 1 : 2;
            changes = epoch > law.minEpoch;
            if (changes) law.minEpoch = epoch;
        }
        if (changes && message >= REVOKE_FIRST) ++law.revocations;
    }

    function _compare(Law memory law) private view {
        (uint8 first, uint48 firstAt) = _registry.statusOf(_account, FIRST, 0);
        (uint8 second, uint48 secondAt) = _registry.statusOf(_account, SECOND, 1);
        bool isFirstDead = law.isFirstRevoked || law.minEpoch > 0;
        bool isSecondDead = law.minEpoch > 1;
        check(
            first ==
                (
                    isFirstDead
                        ? 2
                        : law.isFirstGranted
                            ? 1
                            : 0
                ),
            "first"
        );
        check(
            second ==
                (
                    isSecondDead
                        ? 2
                        : law.isSecondGranted
                            ? 1
                            : 0
                ),
            "second"
        );
        check((firstAt != 0) == law.isFirstGranted, "first's time");
        check((secondAt != 0) == law.isSecondGranted, "second's time");
        (, uint64 count) = _registry.revocations();
        check(count == law.revocations, "count");
    }
}
