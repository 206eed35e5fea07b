#!/bin/bash
# Predictions of a folder of pictures by an array of 16 tasks, in the folder that has model and pictures:
#   sbatch --wait slurm.sh && npx resnet-wasm merge results.jsonl
# Tasks that are preempted or killed go on where they stopped when they are queued again.
#SBATCH --job-name=predict
#SBATCH --array=1-16
#SBATCH --cpus-per-task=2
#SBATCH --mem=1G
#SBATCH --requeue

exec npx resnet-wasm predict model.safetensors photos --out results.jsonl --threads "$SLURM_CPUS_PER_TASK"
