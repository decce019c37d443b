// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

// A contract wallet that answers what a test tells it, honest or hostile.
contract SignerStandIn is IERC1271 {
    uint8 public constant YES = 0;
    uint8 public constant NO = 1;
    uint8 public constant REVERT = 2;
    uint8 public constant LOOP = 3;
    uint8 public constant MEGABYTE = 4;
    uint8 public constant SHORT = 5;
    uint8 public constant DIRTY = 6;
    uint8 public constant LONG_YES = 7;

    // Zero where nothing was set, as in an account that delegates here.
    uint8 public answer;

    error Refused();

    function set(uint8 answer_) external {
        answer = answer_;
    }

    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4 word) {
        if (answer == YES) return IERC1271.isValidSignature.selector;
        if (answer == REVERT) revert Refused();
        if (answer == LOOP) while (true) word = ~word;
        if (answer == NO) return 0xffffffff;
        bytes32 yes = IERC1271.isValidSignature.selector;
        if (answer == SHORT) _return(yes, 4);
        if (answer == DIRTY) _return(yes | bytes32(uint256(1)), 32);
        _return(yes, answer == MEGABYTE ? 1 << 20 : 1 << 16);
    }

    function _return(bytes32 word, uint256 size) private pure {
        // solhint-disable-next-line no-inline-assembly
        assembly {
            mstore(0, word)
            return(0, size)
        }
    }
}
