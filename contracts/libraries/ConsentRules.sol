// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsentRegistry} from "../interfaces/IConsentRegistry.sol";
import {ConsentDigest} from "./ConsentDigest.sol";

// What the shown text of a consent says about an access; the same rules, names and order as src/domain/consentRules.ts.
library ConsentRules {
    // As grantee: every reader that the network has admitted.
    bytes32 internal constant ANY_ADMITTED_NODE = keccak256("carelattice/any-admitted-node");

    // Words of a guardianship.
    uint256 internal constant GUARDIANSHIP_PATIENT = 4;
    uint256 internal constant DELEGATE = 5;
    uint256 internal constant GUARDIANSHIP_NOT_BEFORE = 9;
    uint256 internal constant GUARDIANSHIP_NOT_AFTER = 10;
    uint256 internal constant GUARDIANSHIP_EPOCH = 11;
    uint256 internal constant GUARDIANSHIP_HOME = 13;

    function checkPlace(
        IConsentRegistry.NetworkScope calldata own,
        bytes32[] calldata scopeHashes,
        bytes32 networkId,
        bytes32 patientId
    ) internal view {
        bool isHere = own.networkId == networkId && own.chainId == block.chainid;
        if (!isHere || !_isIn(scopeHashes, ConsentDigest.networkScope(own)))
            revert IConsentRegistry.NotThisNetwork(own.networkId, own.chainId);
        if (own.registry != address(this)) revert IConsentRegistry.NotThisRegistry(own.registry);
        if (own.patientId != patientId) revert IConsentRegistry.NotThisPatient(own.patientId);
    }

    function checkTime(bytes32 notBefore, bytes32 notAfter) internal view {
        if (block.timestamp < uint256(notBefore))
            revert IConsentRegistry.NotYetValid(uint256(notBefore));
        if (block.timestamp > uint256(notAfter)) revert IConsentRegistry.Expired(uint256(notAfter));
    }

    function checkWithin(
        ConsentDigest.Read memory consent,
        ConsentDigest.ReadGuardianship memory guardianship
    ) internal pure {
        if (
            consent.words[ConsentDigest.HOME] != guardianship.words[GUARDIANSHIP_HOME] ||
            !_areAllIn(consent.categories, guardianship.categories) ||
            !_areAllIn(consent.actions, guardianship.actions)
        ) revert IConsentRegistry.OutsideGuardianship();
    }

    function checkUse(
        ConsentDigest.Read memory consent,
        ConsentDigest.ReadAccess memory access
    ) internal pure {
        if (access.purpose != consent.words[ConsentDigest.PURPOSE])
            revert IConsentRegistry.WrongPurpose();
        if (!_holds(consent.actions, access.action)) revert IConsentRegistry.WrongAction();
    }

    // `shown` is what `consent` was read from.
    function checkRecord(
        ConsentDigest.Read memory consent,
        IConsentRegistry.Consent calldata shown,
        ConsentDigest.ReadAccess memory access
    ) internal pure {
        bytes32[25] memory words = consent.words;
        if (!_holds(consent.categories, access.category))
            revert IConsentRegistry.CategoryNotGranted();
        if (!_areAllIn(access.sensitivity, consent.sensitivity))
            revert IConsentRegistry.SensitivityNotGranted();
        if (
            words[ConsentDigest.ANCHORS] != ConsentDigest.EMPTY &&
            !_isIn(shown.anchors, access.anchor)
        ) revert IConsentRegistry.RecordNotNamed();
        if (
            words[ConsentDigest.AUTHORS] != ConsentDigest.EMPTY &&
            !_isIn(shown.authors, access.author)
        ) revert IConsentRegistry.AuthorNotNamed();
        uint256 dataTo = uint256(words[ConsentDigest.DATA_TO]);
        bool isLater = dataTo != 0 && access.eventFrom > dataTo;
        if (isLater || access.eventTo < uint256(words[ConsentDigest.DATA_FROM]))
            revert IConsentRegistry.OutsideDates();
        if (words[ConsentDigest.EXCEPT] != ConsentDigest.EMPTY)
            _checkExceptions(shown.except, access);
    }

    function _checkExceptions(
        IConsentRegistry.Exception[] calldata exceptions,
        ConsentDigest.ReadAccess memory access
    ) private pure {
        for (uint256 i = 0; i < exceptions.length; ++i)
            if (_isExcepted(exceptions[i], access)) revert IConsentRegistry.Excepted(i);
    }

    // Each of its lists matches or is empty.
    function _isExcepted(
        IConsentRegistry.Exception calldata exception_,
        ConsentDigest.ReadAccess memory access
    ) private pure returns (bool) {
        if (!_names(exception_.readers, access.reader)) return false;
        if (!_names(exception_.anchors, access.anchor)) return false;
        if (exception_.categories.length != 0 && !_isIn(exception_.categories, access.category))
            return false;
        return
            exception_.sensitivity.length == 0 ||
            _isOneIn(exception_.sensitivity, access.sensitivity);
    }

    function _names(bytes32[] calldata list, bytes32 item) private pure returns (bool) {
        return list.length == 0 || _isIn(list, item);
    }

    function _isIn(bytes32[] calldata list, bytes32 item) private pure returns (bool) {
        for (uint256 i = 0; i < list.length; ++i) if (list[i] == item) return true;
        return false;
    }

    function _holds(bytes32[] memory hashes, bytes32 hash) private pure returns (bool) {
        for (uint256 i = 0; i < hashes.length; ++i) if (hashes[i] == hash) return true;
        return false;
    }

    function _isIn(string[] calldata texts, bytes32 hash) private pure returns (bool) {
        for (uint256 i = 0; i < texts.length; ++i)
            if (ConsentDigest.hashOf(texts[i]) == hash) return true;
        return false;
    }

    function _areAllIn(bytes32[] memory hashes, bytes32[] memory list) private pure returns (bool) {
        for (uint256 i = 0; i < hashes.length; ++i) if (!_holds(list, hashes[i])) return false;
        return true;
    }

    function _isOneIn(string[] calldata texts, bytes32[] memory list) private pure returns (bool) {
        for (uint256 i = 0; i < texts.length; ++i)
            if (_holds(list, ConsentDigest.hashOf(texts[i]))) return true;
        return false;
    }
}
