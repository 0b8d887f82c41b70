"""Trains the same ResNet in PyTorch on random images and prints its images per second.

usage: torch_resnet_peer.py BLOCKS WIDTH BATCH fp32|tf32|bf16 eager|compile

A CIFAR ResNet of basic blocks with 1x1 shortcuts, channels-last memory, fused AdamW. BLOCKS are those of each stage: 3,3,3
has 20 layers, 2,2,2,2 has 18.
"""
import sys

import torch
from torch import nn
from torch.nn import functional as F

import torch_bench

CLASSES = 10
SIDE = 32


def convolution(inputs, outputs, kernel, stride):
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first = convolution(inputs, outputs, 3, stride)
        self.second = convolution(outputs, outputs, 3, 1)
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else convolution(inputs, outputs, 1, stride)

    def forward(self, x):
        return F.relu(self.second(F.relu(self.first(x))) + self.shortcut(x))


def resnet(blocks, width):
    layers = [convolution(3, width, 3, 1), nn.ReLU()]
    inputs = width
    for stage, count in enumerate(blocks):
        for block in range(count):
            outputs = width << stage
            layers.append(Block(inputs, outputs, 2 if stage > 0 and block == 0 else 1))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, CLASSES))


def main(blocks, width, batch, precision, mode):
    torch_bench.prepare(precision)
    torch.backends.cudnn.benchmark = True
    model = resnet(blocks, width).cuda().to(memory_format=torch.channels_last)
    images = torch.randn(8, batch, 3, SIDE, SIDE, device="cuda")
    labels = torch.randint(CLASSES, (8, batch), device="cuda")

    def loss_of(run, i):
        x = images[i % len(images)].contiguous(memory_format=torch.channels_last)
        return F.cross_entropy(run(x).float(), labels[i % len(labels)])

    torch_bench.print_speed(model, mode, precision, batch, loss_of)


main([int(n) for n in sys.argv[1].split(",")], *map(int, sys.argv[2:4]), *sys.argv[4:])
