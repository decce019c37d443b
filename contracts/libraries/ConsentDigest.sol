// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsentRegistry} from "../interfaces/IConsentRegistry.sol";

// Struct hashes of consents and of what ends them. Vectors: vectors/typedDataDigests.json.
//
// In calldata every field of a struct is one word: its value, or where its text or list begins, counted from the
// struct's own begin. So all words are copied at once, and those of texts and lists are replaced by their hashes. What
// is no proper encoding gives a digest that nobody granted.
library ConsentDigest {
    // A consent in memory: the words that are hashed, and the hashes of the texts in its lists.
    struct Read {
        bytes32[25] words;
        bytes32[] actions;
        bytes32[] categories;
        bytes32[] sensitivity;
    }

    // Of a guardianship likewise.
    struct ReadGuardianship {
        bytes32[16] words;
        bytes32[] categories;
        bytes32[] actions;
    }

    // What is to be read, in memory: texts as their hashes.
    struct ReadAccess {
        bytes32 patientId;
        bytes32 reader;
        bytes32 purpose;
        bytes32 action;
        bytes32 anchor;
        bytes32 author;
        bytes32 category;
        bytes32[] sensitivity;
        uint256 eventFrom;
        uint256 eventTo;
    }

    // The fields that are asked for, by their word.
    uint256 internal constant PATIENT = 4;
    uint256 internal constant NAMED_GUARDIANSHIP = 5;
    uint256 internal constant GRANTEE = 6;
    uint256 internal constant PURPOSE = 8;
    uint256 internal constant ANCHORS = 12;
    uint256 internal constant AUTHORS = 13;
    uint256 internal constant DATA_FROM = 14;
    uint256 internal constant DATA_TO = 15;
    uint256 internal constant EXCEPT = 16;
    uint256 internal constant NOT_BEFORE = 17;
    uint256 internal constant NOT_AFTER = 18;
    uint256 internal constant SUBMIT_BY = 19;
    uint256 internal constant EPOCH = 20;
    uint256 internal constant HOME = 22;

    // Stands for an empty list.
    bytes32 internal constant EMPTY = keccak256("");

    bytes32 private constant CONSENT = keccak256(
        "Consent(string statement,string language,uint16 template,address patient,bytes32 guardianship,bytes32 grantee,string granteeName,string purpose,string[] actions,string[] categories,string[] sensitivity,bytes32[] anchors,bytes32[] authors,uint64 dataFrom,uint64 dataTo,Exception[] except,uint64 notBefore,uint64 notAfter,uint64 submitBy,uint64 epoch,uint256 nonce,bytes32 home,string[] networkNames,NetworkScope[] networks)Exception(bytes32[] readers,string[] categories,string[] sensitivity,bytes32[] anchors)NetworkScope(uint256 chainId,bytes32 networkId,address registry,bytes32 patientId,bytes32 salt)"
    );
    bytes32 private constant EXCEPTION = keccak256(
        "Exception(bytes32[] readers,string[] categories,string[] sensitivity,bytes32[] anchors)"
    );
    bytes32 private constant NETWORK_SCOPE = keccak256(
        "NetworkScope(uint256 chainId,bytes32 networkId,address registry,bytes32 patientId,bytes32 salt)"
    );
    bytes32 private constant GUARDIANSHIP = keccak256(
        "Guardianship(string statement,string language,uint16 template,address patient,address delegate,string role,string[] categories,string[] actions,uint64 notBefore,uint64 notAfter,uint64 epoch,uint256 nonce,bytes32 home,string[] networkNames,NetworkScope[] networks)NetworkScope(uint256 chainId,bytes32 networkId,address registry,bytes32 patientId,bytes32 salt)"
    );
    bytes32 private constant REVOKE_CONSENT = keccak256(
        "RevokeConsent(address account,bytes32 digest)"
    );
    bytes32 private constant REVOKE_ALL = keccak256("RevokeAll(address account,uint64 minEpoch)");

    function read(
        IConsentRegistry.Consent calldata it,
        bytes32[] calldata scopeHashes
    ) internal pure returns (Read memory out) {
        uint256 base;
        bytes32[25] memory words = out.words;
        words[0] = CONSENT;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            base := it
            calldatacopy(add(words, 32), it, 736)
        }
        words[1] = _text(base, 0); // statement
        words[2] = _text(base, 1); // language
        words[7] = _text(base, 6); // granteeName
        words[8] = _text(base, 7); // purpose
        (words[9], out.actions) = _texts(base, 8);
        (words[10], out.categories) = _texts(base, 9);
        (words[11], out.sensitivity) = _texts(base, 10);
        words[12] = _list(base, 11); // anchors
        words[13] = _list(base, 12); // authors
        words[16] = _isEmpty(base, 15) ? EMPTY : _exceptions(it.except);
        (words[23], ) = _texts(base, 22); // networkNames
        words[24] = _hashOf(scopeHashes);
    }

    function consent(Read memory it) internal pure returns (bytes32 hash) {
        bytes32[25] memory words = it.words;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            hash := keccak256(words, 800)
        }
    }

    function exception_(
        IConsentRegistry.Exception calldata it
    ) internal pure returns (bytes32 hash) {
        uint256 base;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            base := it
        }
        (bytes32 categories, ) = _texts(base, 1);
        (bytes32 sensitivity, ) = _texts(base, 2);
        return
            keccak256(
                abi.encode(EXCEPTION, _list(base, 0), categories, sensitivity, _list(base, 3))
            );
    }

    function networkScope(
        IConsentRegistry.NetworkScope calldata it
    ) internal pure returns (bytes32 hash) {
        bytes32 typeHash = NETWORK_SCOPE;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let free := mload(64)
            mstore(free, typeHash)
            calldatacopy(add(free, 32), it, 160)
            hash := keccak256(free, 192)
        }
    }

    function readGuardianship(
        IConsentRegistry.Guardianship calldata it,
        bytes32[] calldata scopeHashes
    ) internal pure returns (ReadGuardianship memory out) {
        uint256 base;
        bytes32[16] memory words = out.words;
        words[0] = GUARDIANSHIP;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            base := it
            calldatacopy(add(words, 32), it, 448)
        }
        words[1] = _text(base, 0); // statement
        words[2] = _text(base, 1); // language
        words[6] = _text(base, 5); // role
        (words[7], out.categories) = _texts(base, 6);
        (words[8], out.actions) = _texts(base, 7);
        (words[14], ) = _texts(base, 13); // networkNames
        words[15] = _hashOf(scopeHashes);
    }

    function guardianship(ReadGuardianship memory it) internal pure returns (bytes32 hash) {
        bytes32[16] memory words = it.words;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            hash := keccak256(words, 512)
        }
    }

    // Neither names a network: a revocation holds everywhere.
    function revokeConsent(address account, bytes32 digest) internal pure returns (bytes32) {
        return keccak256(abi.encode(REVOKE_CONSENT, account, digest));
    }

    function revokeAll(address account, uint64 minEpoch) internal pure returns (bytes32) {
        return keccak256(abi.encode(REVOKE_ALL, account, minEpoch));
    }

    function readAccess(
        IConsentRegistry.Access calldata it
    ) internal pure returns (ReadAccess memory out) {
        uint256 base;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            base := it
            calldatacopy(out, it, 320)
        }
        out.purpose = _text(base, 2);
        out.action = _text(base, 3);
        out.category = _text(base, 6);
        (, out.sensitivity) = _texts(base, 7);
    }

    // Of a text that is no field; Solidity would reserve memory for it and clear that first.
    function hashOf(string calldata text) internal pure returns (bytes32 hash) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let free := mload(64)
            calldatacopy(free, text.offset, text.length)
            hash := keccak256(free, text.length)
        }
    }

    // Each of the following reads one field of the struct at `base`. What is only hashed is copied behind the free memory
    // pointer, where nothing has to be kept.

    function _text(uint256 base, uint256 field) private pure returns (bytes32 hash) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let free := mload(64)
            let text := add(base, calldataload(add(base, mul(field, 32))))
            let size := calldataload(text)
            calldatacopy(free, add(text, 32), size)
            hash := keccak256(free, size)
        }
    }

    function _list(uint256 base, uint256 field) private pure returns (bytes32 hash) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let free := mload(64)
            let list := add(base, calldataload(add(base, mul(field, 32))))
            let count := calldataload(list)
            // A count that wraps below would pass for an empty list.
            if gt(count, calldatasize()) {
                revert(0, 0)
            }
            calldatacopy(free, add(list, 32), mul(count, 32))
            hash := keccak256(free, mul(count, 32))
        }
    }

    function _isEmpty(uint256 base, uint256 field) private pure returns (bool isEmpty) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            isEmpty := iszero(calldataload(add(base, calldataload(add(base, mul(field, 32))))))
        }
    }

    function _texts(
        uint256 base,
        uint256 field
    ) private pure returns (bytes32 hash, bytes32[] memory hashes) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let list := add(base, calldataload(add(base, mul(field, 32))))
            let count := calldataload(list)
            if gt(count, calldatasize()) {
                revert(0, 0)
            }
            let size := mul(count, 32)
            // The texts of a list begin where it says, counted from behind its length.
            let first := add(list, 32)
            hashes := mload(64)
            mstore(hashes, count)
            let to := add(hashes, 32)
            let free := add(to, size)
            mstore(64, free)
            for {
                let i := 0
            } lt(i, size) {
                i := add(i, 32)
            } {
                let text := add(first, calldataload(add(first, i)))
                let length := calldataload(text)
                calldatacopy(free, add(text, 32), length)
                mstore(add(to, i), keccak256(free, length))
            }
            hash := keccak256(to, size)
        }
    }

    function _exceptions(
        IConsentRegistry.Exception[] calldata exceptions
    ) private pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](exceptions.length);
        for (uint256 i = 0; i < exceptions.length; ++i) hashes[i] = exception_(exceptions[i]);
        return keccak256(abi.encodePacked(hashes));
    }

    function _hashOf(bytes32[] calldata words) private pure returns (bytes32 hash) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let free := mload(64)
            calldatacopy(free, words.offset, mul(words.length, 32))
            hash := keccak256(free, mul(words.length, 32))
        }
    }
}
