// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {INetworkDomain} from "../interfaces/INetworkDomain.sol";

// The one place where a patient's or a node's signature is believed.
library SignerCheck {
    // What an account's code may burn to answer, and what the caller must have for that: a 64th stays with it (EIP-150).
    uint256 private constant CODE_GAS = 100_000;
    uint256 private constant NEEDED_GAS = (CODE_GAS * 64) / 63 + 2_000;

    // Code of an account that delegates to a contract (EIP-7702): this, then an address.
    bytes3 private constant DELEGATION = 0xef0100;
    uint256 private constant DELEGATION_SIZE = 23;

    // Without code its key signs; with code the code decides (ERC-1271); a delegating account may do either.
    function isValid(
        address account,
        bytes32 digest,
        bytes calldata signature
    ) internal view returns (bool) {
        if (account.code.length == 0) return _isByKey(account, digest, signature);
        if (_isDelegating(account) && _isByKey(account, digest, signature)) return true;
        return _isByCode(account, digest, signature);
    }

    function _isByKey(
        address account,
        bytes32 digest,
        bytes calldata signature
    ) private pure returns (bool) {
        // Gives zero for high s, wrong v and every length but 65, so that a signature has one form only.
        (address recovered, , ) = ECDSA.tryRecoverCalldata(digest, signature);
        return recovered == account && account != address(0);
    }

    function _isDelegating(address account) private view returns (bool) {
        return account.code.length == DELEGATION_SIZE && bytes3(bytes(account.code)) == DELEGATION;
    }

    // Whatever the code does, it costs no more than CODE_GAS, and of its answer 32 bytes are read.
    function _isByCode(
        address account,
        bytes32 digest,
        bytes calldata signature
    ) private view returns (bool isAccepted) {
        // With less, a caller could starve a good signer, and gas estimates would end there.
        if (gasleft() < NEEDED_GAS) revert INetworkDomain.TooLittleGas(NEEDED_GAS);
        bytes memory question = abi.encodeCall(IERC1271.isValidSignature, (digest, signature));
        bytes32 yes = IERC1271.isValidSignature.selector;
        // Solidity's own calls copy the whole answer, which the account chooses the length of.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let isDone := staticcall(CODE_GAS, account, add(question, 32), mload(question), 0, 32)
            isAccepted := and(isDone, and(gt(returndatasize(), 31), eq(mload(0), yes)))
        }
    }
}
