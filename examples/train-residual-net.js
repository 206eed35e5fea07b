// @ts-check
// Trains a residual network on glyphs that the library draws, and looks at one prediction.
import { createModel, createTrainer, crossEntropy, Linear, ReLU, Residual, Sequential, SGD } from "resnet-wasm";
import { glyphs } from "resnet-wasm/data";

const relu = new ReLU();
const block = new Residual(new Sequential(new Linear(64, 64), relu, new Linear(64, 64)), { activation: relu });
const network = new Sequential(new Linear(784, 64), relu, block, block, block, new Linear(64, 10));
const model = await createModel(network, { inputShape: [784], seed: 1 });
console.log(model.summary());

const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.05, momentum: 0.9 }) });
const [train, test] = [glyphs({ count: 6000, seed: 1 }), glyphs({ count: 1000, seed: 2 })];
const { epochs } = await trainer.fit(train, { epochs: 6, batchSize: 32, validation: test });
for (const { epoch, loss, validation } of epochs)
  console.log(`epoch ${epoch + 1}: loss ${loss.toFixed(3)}, test accuracy ${validation?.accuracy?.toFixed(3)}`);

const [image, label] = [new Float32Array(784), new Int32Array(1)];
test.get([7], image, label);
const logits = model.predict(image).data;
console.log(`test image 7 shows class ${label[0]}; the network says ${logits.indexOf(Math.max(...logits))}`);
