//! The Python face of the kernel. Thin: conversion, the interpreter lock, one error mapper.
