// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A USDC-like token that calls back in every transfer, keeps a fee or refuses to pay. For tests only.
/// @dev A call made by this token has this token as its sender: give it a balance or a role to make it dangerous.
contract HostileUSDC is ERC20 {
    address public target;
    bytes public payload;
    uint256 public feeUnits;
    bool public refusing;

    uint256 public calls;
    bool public lastSucceeded;
    bytes public lastAnswer;

    constructor() ERC20("Hostile Coin", "HUSDC") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// @notice From now on each transfer first calls `target_` with `payload_`, whatever comes of it.
    function arm(address target_, bytes calldata payload_) external {
        (target, payload) = (target_, payload_);
    }

    /// @notice From now on each transferFrom delivers `feeUnits_` less than it takes.
    function keepFee(uint256 feeUnits_) external {
        feeUnits = feeUnits_;
    }

    /// @notice From now on transfer moves nothing and answers false.
    function refuse() external {
        refusing = true;
    }

    /// @notice Call `to` as this token and pass its revert on.
    function act(address to, bytes calldata data) external {
        (bool ok, bytes memory answer) = to.call(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(answer, 0x20), mload(answer))
            }
        }
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        _callBack();
        return !refusing && super.transfer(to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        _callBack();
        if (feeUnits != 0) _burn(from, feeUnits);
        return super.transferFrom(from, to, value - feeUnits);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }

    function _callBack() private {
        if (target == address(0)) return;
        ++calls;
        (lastSucceeded, lastAnswer) = target.call(payload);
    }
}
